// Package crs turns points between coordinate frames and WGS 84, which everything is stored in: the two shifted
// frames of Chinese base maps and their point data, GCJ-02 (Amap, Tencent and most phone apps) and BD-09 (Baidu); the
// Gauss-Krüger planes of CGCS2000, UTM and Web Mercator by their EPSG codes; other transverse Mercator, Mercator and
// Lambert conformal conic planes by their definition (ParseWKT); and local planes by parameters or control points (Local, Fit).
//
// Points are longitude and latitude in degrees, or x to the east and y to the north in the plane's unit, whatever order a
// definition gives its axes: files keep them so. In Chinese survey texts x is the northing.
//
// CGCS2000 counts as WGS 84: they differ by less than a metre, and by no published transformation. So do
// ETRS89 and the ITRFs (under a metre) and NAD83 (up to two metres). Older datums (Beijing 54, Xi'an 80,
// Clarke's) are 50 m and more away, differently in every city: they convert with given parameters only (Helmert).
//
// The formulas of GCJ-02 and BD-09 are the public ones that the open converters share; the two
// frames have no official definition. Vendors' own output differs from them by
// a constant 0.67 m (measured over 664 cities), so a converted point is good to about
// a metre, while going there and back again is good to 1e-11 degrees (1 µm).
// Outside a box around China the frames are the same as WGS 84. Projections agree with PROJ to a micrometre.
package crs

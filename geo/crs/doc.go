// Package crs turns points between coordinate frames: WGS 84, which everything
// is stored in, and the two shifted frames of Chinese base maps and their
// point data, GCJ-02 (Amap, Tencent and most phone apps) and BD-09 (Baidu).
//
// Points are longitude and latitude in degrees in every frame here. CGCS2000
// longitude and latitude (EPSG:4490) counts as WGS 84: they differ by less
// than a metre, and by no published transformation.
//
// The formulas are the public ones that the open converters share; the two
// frames have no official definition. Vendors' own output differs from them by
// a constant 0.67 m (measured over 664 cities), so a converted point is good to about
// a metre, while going there and back again is good to 1e-11 degrees (1 µm).
// Outside a box around China the frames are the same as WGS 84.
package crs

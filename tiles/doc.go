// Package tiles turns shapes and values into Mapbox Vector Tiles 2.1 (extent 4096) and into
// pictures, and describes tile sets as TileJSON 3.0.0. It knows geometry and features, no hazards.
//
// The shape of a feature in a tile is made once per geometry (Project, Cut) and joined with
// its values when a tile is written (Encode, Columns), so that new values do not cost new geometry. What of a layer
// seldom changes can be written and packed beforehand (Plate): a Drawing joins it with the rest, packed or plain. Of a
// picture it is the Mosaic that stays (Canvas), and DrawPNG that makes the tile.
// Everything comes in as WGS 84 longitude and latitude, degrees; the same input always
// gives the same bytes.
package tiles

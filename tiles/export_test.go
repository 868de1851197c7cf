package tiles

// A Part is a point, a line or a ring without its last point, in tile units.
type Part [][2]int32

// Draw writes a shape of parts as the encoder does: kind 1, all parts are points; 2, lines; 3, rings.
func Draw(kind int, parts []Part) Shape {
	var w commands
	var points []dot
	for _, part := range parts {
		var dots []dot
		for _, p := range part {
			dots = append(dots, dot{p[0], p[1]})
		}
		switch geomType(kind) {
		case pointType:
			points = append(points, dots...)
		case lineType:
			w.line(dots)
		case polygonType:
			w.ring(dots)
		}
	}
	if len(points) > 0 {
		w.move(points)
	}
	return Shape{geomType(kind), w.bytes}
}

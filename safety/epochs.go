package safety

// Until returns when the epoch of the scheme that began at epoch ended: the start of the
// next one, unset when it is the last or is not an epoch of the scheme.
func (p *Placer) Until(scheme string, epoch Time) Time {
	s, ok := p.boundaries.scheme(scheme)
	if !ok {
		return 0
	}
	if i, _ := s.at(epoch); i+1 < len(s.epochs) {
		return s.epochs[i+1].from
	}
	return 0
}

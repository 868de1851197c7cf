package postgis

// BellGap is for tests.
const BellGap = bellGap

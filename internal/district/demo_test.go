package district

import "sync"

// demo is the district of the demo, made once for all tests.
var demo = sync.OnceValue(func() *District { return Generate(Seed) })

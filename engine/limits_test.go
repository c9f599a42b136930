package engine_test

// What negative values mean of the options that limit connections: see negative.
func init() {
	for name, wrong := range map[string]bool{
		"Listen.DeferAccept":       false,
		"Listen.FastOpen":          true,
		"Listen.UserTimeout":       true,
		"Listen.ProbeIdle":         false,
		"Listen.ProbeInterval":     true,
		"Listen.ProbeCount":        true,
		"Listen.SendBuffer":        true,
		"Listen.ReceiveBuffer":     true,
		"Limits.Connections":       false,
		"Limits.SoftConnections":   false,
		"Limits.ShedMinIdle":       false,
		"Limits.ClientConnections": false,
		"Limits.ClientPrefix":      true,
	} {
		negative[name] = wrong
	}
}

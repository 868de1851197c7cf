package export

import (
	"hazgrid/safety"
)

// A Column is one column of a tally, in every format.
type Column struct {
	Name  string
	value func(r *safety.Row) any // string, int64 or float64; nil when there is no such value
}

// TallyColumns lists the columns of a tally in the order of contract section 5.
func TallyColumns() []Column {
	return []Column{
		{"code", code},
		{"name", func(r *safety.Row) any { return text(r.Name) }},
		{"parent", parent},
		{"area_km2", func(r *safety.Row) any { return number(r.AreaKm2, r.HasArea) }},
		{"enterprises", func(r *safety.Row) any { return r.Enterprises }},
		{"found", func(r *safety.Row) any { return r.Found }},
		{"rectified", func(r *safety.Row) any { return r.Rectified }},
		{"open", func(r *safety.Row) any { return r.Open }},
		{"overdue", func(r *safety.Row) any { return r.Overdue }},
		{"density", func(r *safety.Row) any { return number(r.Density()) }},
		{"rate", func(r *safety.Row) any { return number(r.Rate()) }},
		{"units_found", func(r *safety.Row) any { return r.UnitsFound }},
		{"units_rectified", func(r *safety.Row) any { return r.UnitsRectified }},
		{"unit_rate", func(r *safety.Row) any { return number(r.UnitRate()) }},
		{"inspections", func(r *safety.Row) any { return r.Inspections }},
		{"officers", func(r *safety.Row) any { return r.Officers }},
		{"units_inspected", func(r *safety.Row) any { return r.UnitsInspected }},
		{"orders_rectify", func(r *safety.Row) any { return r.OrdersRectify }},
		{"orders_suspend", func(r *safety.Row) any { return r.OrdersSuspend }},
		{"unassigned", func(r *safety.Row) any { return r.Unassigned }},
	}
}

// code is "" for the rows that are no grid: contract section 5.
func code(r *safety.Row) any {
	if r.Grid == nil {
		return ""
	}
	return r.Grid.Code
}

func parent(r *safety.Row) any {
	if r.Grid == nil {
		return nil
	}
	return text(r.Grid.Parent)
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func number(f float64, ok bool) any {
	if !ok {
		return nil
	}
	return f
}

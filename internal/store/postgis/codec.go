package postgis

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"hazgrid/geo"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/paulmach/orb"
)

// registerGeometry teaches a connection the type geometry, whose number differs from database to database.
func registerGeometry(ctx context.Context, conn *pgx.Conn) error {
	var oid *uint32
	if err := conn.QueryRow(ctx, "select to_regtype('geometry')::oid").Scan(&oid); err != nil {
		return fmt.Errorf("look for the type geometry: %w", err)
	}
	if oid == nil {
		return errors.New("the database has no PostGIS")
	}
	conn.TypeMap().RegisterType(&pgtype.Type{Name: "geometry", OID: *oid, Codec: geometryCodec{}})
	return nil
}

// geometryCodec carries geometries as binary EWKB, given as bytes or as orb.Geometry.
type geometryCodec struct{}

func (geometryCodec) FormatSupported(format int16) bool { return format == pgtype.BinaryFormatCode }

func (geometryCodec) PreferredFormat() int16 { return pgtype.BinaryFormatCode }

func (geometryCodec) PlanEncode(_ *pgtype.Map, _ uint32, format int16, value any) pgtype.EncodePlan {
	if format != pgtype.BinaryFormatCode {
		return nil
	}
	switch value.(type) {
	case []byte:
		return encodeBytes{}
	case orb.Geometry:
		return encodeGeometry{}
	}
	return nil
}

type encodeBytes struct{}

func (encodeBytes) Encode(value any, buf []byte) ([]byte, error) {
	b, ok := value.([]byte)
	if !ok || b == nil {
		return nil, nil
	}
	return append(buf, b...), nil
}

type encodeGeometry struct{}

func (encodeGeometry) Encode(value any, buf []byte) ([]byte, error) {
	g, ok := value.(orb.Geometry)
	if !ok {
		return nil, fmt.Errorf("want a geometry, got %T", value)
	}
	b, err := geo.EncodeEWKB(g)
	if err != nil {
		return nil, err
	}
	return append(buf, b...), nil
}

func (geometryCodec) PlanScan(_ *pgtype.Map, _ uint32, format int16, target any) pgtype.ScanPlan {
	if format != pgtype.BinaryFormatCode {
		return nil
	}
	if _, ok := target.(*orb.Geometry); ok {
		return scanGeometry{}
	}
	return nil
}

type scanGeometry struct{}

func (scanGeometry) Scan(src []byte, target any) (err error) {
	g, ok := target.(*orb.Geometry)
	if !ok {
		return fmt.Errorf("want *orb.Geometry, got %T", target)
	}
	if *g = nil; src != nil {
		*g, err = geo.DecodeEWKB(src)
	}
	return err
}

func (geometryCodec) DecodeDatabaseSQLValue(_ *pgtype.Map, _ uint32, _ int16, src []byte) (driver.Value, error) {
	return src, nil
}

func (geometryCodec) DecodeValue(_ *pgtype.Map, _ uint32, _ int16, src []byte) (any, error) {
	if src == nil {
		return nil, nil
	}
	return geo.DecodeEWKB(src)
}

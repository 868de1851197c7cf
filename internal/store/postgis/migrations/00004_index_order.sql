-- Indexes that look up equal values in both columns have the column first that differs most: after a
-- large import they are made again by sorting, and comparing a million equal divisions before anything
-- else takes most of that. No key is changed: division leads those.

-- +goose Up
drop index enterprises_place;
create index enterprises_place on enterprises (place, division);
drop index hazards_place;
create index hazards_place on hazards (place, division);
drop index inspections_place;
create index inspections_place on inspections (place, division);
drop index hazards_enterprise;
create index hazards_enterprise on hazards (enterprise, division);
drop index inspections_enterprise;
create index inspections_enterprise on inspections (enterprise, division);

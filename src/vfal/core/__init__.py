"""The ground floor: errors, types, config, paths, seeding, files and tables. Imports no other room."""

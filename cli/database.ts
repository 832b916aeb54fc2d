/** `--database-url` and `--schema` as a store. */
import { createPostgresStore, type PostgresStore } from '../adapters/postgres/store';
import type { OptionSpecs, OptionValues } from './command';
import type { Io } from './io';
import { UsageError } from './usage-error';
import { text } from './values';

export const DATABASE_OPTIONS: OptionSpecs = {
	'database-url': { type: 'string' },
	schema: { type: 'string' },
};

export const DATABASE_HELP = `  --database-url U     postgresql://user:password@host:5432/database?sslmode=...; default: the
                       variable DATABASE_URL, which other users of the machine cannot see
  --schema NAME        schema of the tables (default: public)`;

export function givesDatabase(values: OptionValues, io: Io): boolean {
	return Boolean(text(values, 'database-url') ?? io.env['DATABASE_URL']);
}

/** @throws UsageError without an address, RouterError OPTIONS_INVALID for one that is none */
export function storeOf(values: OptionValues, io: Io, command: string): PostgresStore {
	const url = text(values, 'database-url') ?? io.env['DATABASE_URL'];
	if (!url) {
		throw new UsageError(
			'--database-url is missing: postgresql://user:password@host:5432/database, or set DATABASE_URL.',
			command,
		);
	}
	return createPostgresStore({
		connection: url,
		schema: text(values, 'schema'),
		clock: io.clock,
		signal: io.signal,
		onWarning: (error) => io.err(`${error.code}: ${error.message}\n`),
	});
}

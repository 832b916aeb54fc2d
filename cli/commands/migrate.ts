/** `migrate`: creates or upgrades the tables, and sets how long the logs are kept. */
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { UsageError } from '../usage-error';
import { number, text } from '../values';

const HELP = `Usage: comfyui-router migrate --database-url U

Creates or upgrades the tables model_usage_log and vram_usage_log. Safe to repeat, and safe to run
from many machines at once. Run it as the owner of the schema; the nodes then need only
  GRANT USAGE ON SCHEMA public TO router; GRANT INSERT ON model_usage_log, vram_usage_log TO router;

${DATABASE_HELP}
  --usage-retention-days N|forever    how long model_usage_log is kept (first: forever)
  --vram-retention-days N|forever     how long vram_usage_log is kept (first: forever)
                       What is older is dropped a whole partition (a month, a week) at a time
  --json               one line for machines

Exit code: 0 done, 1 failed, 64 bad input.

Examples:
  comfyui-router migrate --database-url postgresql://owner:secret@db:5432/studio
  DATABASE_URL=postgresql://owner:secret@db/studio comfyui-router migrate --vram-retention-days 90
`;

export const migrate: Command = {
	name: 'migrate',
	summary: 'create or upgrade the PostgreSQL tables',
	help: HELP,
	options: {
		...DATABASE_OPTIONS,
		'usage-retention-days': { type: 'string' },
		'vram-retention-days': { type: 'string' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const retention = {
		usage: retentionDays(values, 'usage-retention-days'),
		vram: retentionDays(values, 'vram-retention-days'),
	};
	const store = storeOf(values, io, 'migrate');
	try {
		const { version, applied } = await store.migrate();
		await store.setRetention(retention);
		if (values['json'] === true) io.out(`${JSON.stringify({ version, applied })}\n`);
		else io.out(sentence(version, applied, store.pool.schema, store.pool.where));
		return EXIT.done;
	} finally {
		await store.close();
	}
}

/** null: for ever; undefined: as it is. */
function retentionDays(values: OptionValues, name: string): number | null | undefined {
	if (text(values, name) === 'forever') return null;
	const days = number(values, name, 'migrate', { min: 1, max: 36_600 });
	if (days !== undefined && !Number.isInteger(days)) {
		throw new UsageError(`--${name} is ${days}, not a whole number of days.`, 'migrate');
	}
	return days;
}

function sentence(
	version: number | null,
	applied: string[],
	schema: string,
	where: string,
): string {
	const done = applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to do';
	const now = version === null ? '' : `; now at version ${version}`;
	return `Schema ${schema} of ${where}: ${done}${now}.\n`;
}

/** `seed-demo`: fills the logs with weeks of an invented studio, so that dashboards and report can be seen alive. */
import { readTextFile } from '../../adapters/files/json-file';
import { shippedCatalogPath } from '../../adapters/files/package-root';
import { removeDemoRows } from '../../adapters/postgres/demo-rows';
import { parseCatalog } from '../../lib/catalog/parse';
import { makeDemo } from '../../simulator/demo/make-demo';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { UsageError } from '../usage-error';
import { number } from '../values';

const NAME = 'seed-demo';
const DEFAULT_DAYS = 14;
/** Readings of VRAM are this far apart; one a minute, as a monitor makes them, would only take longer to write. */
const READING_SECONDS = 300;

const HELP = `Usage: comfyui-router seed-demo --database-url U [--days N] [--seed N]
       comfyui-router seed-demo --database-url U --remove

Writes invented runs and VRAM readings of three servers (demo:studio-a, demo:studio-b, demo:edge)
into the logs, up to now, so that dashboards and report show something at once. The router itself
decides every run. Demo rows of an earlier call are replaced. They are marked (their jobs begin
with "demo:"), calibration never learns from them, and --remove takes them out again.

${DATABASE_HELP}
  --days N             how far back (default ${DEFAULT_DAYS}, at most 90)
  --seed N             another number, another history (default 1)
  --remove             only take the demo rows out
  --json               one line for machines

Exit code: 0 done, 1 failed, 64 bad input.

Examples:
  comfyui-router seed-demo --database-url postgresql://owner:secret@db:5432/studio
  DATABASE_URL=postgresql://owner:secret@db/studio comfyui-router seed-demo --remove
`;

export const seedDemo: Command = {
	name: NAME,
	summary:
		'fill the logs with a demo, so that dashboards and report can be seen; --remove takes it out',
	help: HELP,
	options: {
		...DATABASE_OPTIONS,
		days: { type: 'string' },
		seed: { type: 'string' },
		remove: { type: 'boolean' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const days = number(values, 'days', NAME, { min: 0.1, max: 90 }) ?? DEFAULT_DAYS;
	const seed = number(values, 'seed', NAME, { min: 0, max: 4_294_967_295 }) ?? 1;
	if (!Number.isInteger(seed)) throw new UsageError(`--seed is ${seed}, not a whole number.`, NAME);
	const store = storeOf(values, io, NAME);
	try {
		await store.migrate();
		const removed = await removeDemoRows(store.pool);
		const written = { usageRows: 0, vramRows: 0 };
		if (values['remove'] !== true) {
			const catalog = parseCatalog(JSON.parse(await readTextFile(shippedCatalogPath())));
			const nowMs = io.clock.nowMs();
			const demo = makeDemo({ catalog, nowMs, days, seed, readingSeconds: READING_SECONDS });
			await store.recordUsage(demo.usage);
			await store.recordVram(demo.vram);
			Object.assign(written, { usageRows: demo.usage.length, vramRows: demo.vram.length });
		}
		if (values['json'] === true) io.out(`${JSON.stringify({ removed, written })}\n`);
		else io.out(sentence(written, removed, store.pool.where));
		return EXIT.done;
	} finally {
		await store.close();
	}
}

interface Counts {
	usageRows: number;
	vramRows: number;
}

function sentence(written: Counts, removed: Counts, where: string): string {
	const count = ({ usageRows, vramRows }: Counts): string =>
		`${usageRows} demo runs and ${vramRows} demo readings`;
	if (written.vramRows === 0) return `Removed ${count(removed)} from ${where}.\n`;
	const replaced = removed.vramRows > 0 ? `, in place of ${count(removed)}` : '';
	return `Wrote ${count(written)} to ${where}${replaced}. seed-demo --remove takes them out again.\n`;
}

/** `calibrate`: what the logs say about the catalog's figures; with `--write`, into the catalog. */
import { SyncedCatalogFile } from '../../adapters/files/synced-catalog';
import { PostgresUsageHistory } from '../../adapters/postgres/usage-history';
import type { FigureProposal } from '../../lib/calibration';
import { parseCatalog } from '../../lib/catalog/parse';
import { calibrateCatalog, type CalibrateResult } from '../../service/calibrate';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { clientsOf } from '../servers';
import { formatTable } from '../table';
import { list, number, required } from '../values';

const NAME = 'calibrate';

const HELP = `Usage: comfyui-router calibrate --catalog F --database-url U [--write]

Learns from model_usage_log what runs, loads and peaks of VRAM really are, and compares that with
the catalog: how many runs, the old figure, the new one, its 90 % interval, and why. Cached runs
are dropped, cancelled ones count as "at least this long", newer runs weigh more, and where times
changed only the runs since then count. Few runs move a figure little.

  --catalog F          models_config.json
${DATABASE_HELP}
  --since-days N       how far back (default 90)
  --server URL         also learn from this server's own history, of jobs that were not logged;
                       repeatable, name=URL gives the name that the log has. A bearer token comes
                       from the variable COMFYUI_TOKEN
  --write              put avg_time_seconds, p95_time_seconds, load_seconds, vram_peak_gb,
                       confidence and source into the catalog; nothing else in it is touched, and
                       the version before is kept as F.bak
  --json               figures, changes and calibration entries (for the library) as JSON

Exit code: 0 nothing to change, or written; 2 something would change; 1 failed; 64 bad input.

Examples:
  comfyui-router calibrate --catalog models_config.json --database-url postgresql://n8n@db/n8n
  comfyui-router calibrate --catalog models_config.json --server gpu-a=http://10.0.0.5:8188 --write
`;

export const calibrate: Command = {
	name: NAME,
	summary: "learn the catalog's times and VRAM from the logs",
	help: HELP,
	options: {
		...DATABASE_OPTIONS,
		catalog: { type: 'string' },
		'since-days': { type: 'string' },
		since: { type: 'string' },
		server: { type: 'string', multiple: true },
		write: { type: 'boolean' },
	},
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const file = required(values, 'catalog', 'the models_config.json to compare with', NAME);
	const range = { min: 0.01, max: 36_600 };
	const sinceDays =
		number(values, 'since-days', NAME, range) ?? number(values, 'since', NAME, range);
	const catalog = new SyncedCatalogFile(file);
	const addresses = list(values, 'server');
	const known = parseCatalog((await catalog.read()).value);
	const servers = addresses.length === 0 ? [] : clientsOf(addresses, known, io, NAME);
	const hasDatabase = Boolean(values['database-url'] ?? io.env['DATABASE_URL']);
	const store = hasDatabase || servers.length === 0 ? storeOf(values, io, NAME) : null;
	try {
		const result = await calibrateCatalog({
			catalog,
			history: store && new PostgresUsageHistory(store.pool),
			servers,
			clock: io.clock,
			sinceDays,
			write: values['write'] === true,
			signal: io.signal,
		});
		for (const warning of result.warnings) io.err(`${warning}\n`);
		io.out(values['json'] === true ? asJson(result) : asText(result, file));
		return result.written || result.plan.changes.length === 0 ? EXIT.done : EXIT.unserved;
	} finally {
		for (const server of servers) server.close();
		await store?.close();
	}
}

function asJson(result: CalibrateResult): string {
	const { plan, entries, written, backup, logged, foreign, leftOut } = result;
	const runs = { logged, foreign, left_out: leftOut };
	const { proposals: figures, changes } = plan;
	return `${JSON.stringify({ figures, changes, entries, runs, written, backup }, null, 2)}\n`;
}

function asText(result: CalibrateResult, file: string): string {
	const { proposals, changes } = result.plan;
	const table =
		proposals.length === 0
			? ''
			: `${formatTable(['', 'Model', 'Preset', 'Figure', 'n', 'Old', 'New', '90 % interval', 'Why'], proposals.map(rowOf))}\n\n`;
	const count = new Set(changes.map((change) => change.model)).size;
	const what = `${changes.length} value${changes.length === 1 ? '' : 's'} of ${count} model${count === 1 ? '' : 's'}`;
	return `${table}${readLine(result)}${outcome()}`;

	function outcome(): string {
		if (changes.length === 0) return `${file} agrees with what was measured.\n`;
		if (!result.written)
			return `${what} would change; nothing was written. Add --write to change them.\n`;
		return `${what} written to ${file}; the version before is ${result.backup}.\n`;
	}
}

function readLine({ logged, foreign, leftOut }: CalibrateResult): string {
	const out = [
		leftOut.cached > 0 ? `${leftOut.cached} cached` : '',
		leftOut.nothing_measured > 0 ? `${leftOut.nothing_measured} without a usable time` : '',
	].filter((part) => part !== '');
	const left = out.length === 0 ? '' : `; left out: ${out.join(', ')}`;
	const others = foreign === 0 ? '' : ` and ${foreign} of the servers' own histories`;
	return `Read ${logged} logged runs${others}${left}.\n`;
}

function rowOf(figure: FigureProposal): string[] {
	const drift = figure.drift && !figure.why.includes('times changed') ? ' (times changed)' : '';
	return [
		figure.change ? '*' : '',
		figure.model,
		figure.preset ?? '',
		figure.figure,
		String(figure.n),
		figure.old === null ? '-' : String(figure.old),
		String(figure.new),
		figure.interval === null ? '' : figure.interval.join(' to '),
		figure.why + drift,
	];
}

/** Learns times and memory from the logs and from the servers' own histories; on request writes them into the catalog. */
import {
	calibrate,
	type CalibrationPlan,
	type LearnedEntry,
	type LeftOut,
	observationFromLog,
	observationsFromHistory,
	planCatalogChanges,
	type RunObservation,
} from '../lib/calibration';
import { parseCatalog } from '../lib/catalog/parse';
import type { Catalog } from '../lib/catalog/schema';
import { RouterError } from '../lib/errors';
import type { Clock, ComfyUiPort, ManagedCatalogPort, UsageHistoryPort } from '../lib/ports';
import { eachLimited } from './each-limited';

export interface LearnOptions {
	/** null: only the servers' histories. */
	history: UsageHistoryPort | null;
	/** Servers whose own history is read too, for jobs that nobody logged. */
	servers?: readonly ComfyUiPort[];
	clock: Clock;
	/** How far back. Default 90. */
	sinceDays?: number;
	signal?: AbortSignal;
}

export interface Learned {
	entries: LearnedEntry[];
	leftOut: LeftOut;
	/** Runs read from the log, and from histories beyond it. */
	logged: number;
	foreign: number;
	/** Servers whose history could not be read. */
	warnings: string[];
}

export interface CalibrateOptions extends LearnOptions {
	catalog: ManagedCatalogPort;
	/** False: only say what would change. */
	write: boolean;
}

export interface CalibrateResult extends Learned {
	plan: CalibrationPlan;
	written: boolean;
	/** Where the catalog as it was is kept; null where nothing was written. */
	backup: string | null;
}

const DEFAULT_DAYS = 90;
/** Enough for 50 presets on 20 servers that run often; the newest weigh most anyway. */
const ROWS_PER_MODEL = 5000;
/** As many as ComfyUI keeps by default is 10,000; the newest tell about now. */
const HISTORY_ITEMS = 200;
const SERVERS_AT_ONCE = 16;

/** Entries for `select`: what the logs say about this catalog's figures. @throws RouterError POSTGRES_* */
export async function learn(catalog: Catalog, options: LearnOptions): Promise<Learned> {
	const { history, sinceDays = DEFAULT_DAYS } = options;
	const models = catalog.models.map((model) => model.name);
	const rows =
		history === null || models.length === 0
			? []
			: await history.recentRuns({ models, sinceDays, limitPerModel: ROWS_PER_MODEL });
	const logged = rows.flatMap((row) => observationFromLog(row) ?? []);
	const known = new Set(rows.flatMap((row) => row.prompt_id ?? []));
	const { runs, devices, warnings } = await foreignRuns(catalog, known, options);
	const recent = runs.filter((run) => run.age_seconds <= sinceDays * 86_400);
	const unasked = new Set(logged.flatMap(({ server }) => server ?? []));
	for (const server of devices.keys()) unasked.delete(server);
	const seen = (await history?.deviceNames([...unasked])) ?? [];
	return {
		...calibrate(catalog, [...logged, ...recent], new Map([...seen, ...devices])),
		logged: logged.length,
		foreign: recent.length,
		warnings,
	};
}

async function foreignRuns(
	catalog: Catalog,
	known: ReadonlySet<string>,
	{ servers = [], clock, signal }: LearnOptions,
): Promise<{ runs: RunObservation[]; devices: Map<string, string>; warnings: string[] }> {
	const warnings: string[] = [];
	const devices = new Map<string, string>();
	const runs = await eachLimited(servers, SERVERS_AT_ONCE, async (server) => {
		try {
			const stats = await server.systemStats(signal);
			const device = stats.devices[0]?.name;
			if (device !== undefined) devices.set(server.name, device);
			const entries = await server.recentHistory(HISTORY_ITEMS, signal);
			return observationsFromHistory(entries, catalog, server.name, clock.nowMs(), known);
		} catch (error) {
			if (!(error instanceof RouterError)) throw error;
			warnings.push(`${server.name}: ${error.message}`);
			return [];
		}
	});
	return { runs: runs.flat(), devices, warnings };
}

/** @throws RouterError CATALOG_INVALID, POSTGRES_*, FILE_UNWRITABLE; nothing is changed then */
export async function calibrateCatalog(options: CalibrateOptions): Promise<CalibrateResult> {
	const before = await options.catalog.read();
	const catalog = parseCatalog(before.value);
	const learned = await learn(catalog, options);
	const plan = planCatalogChanges(catalog, learned.entries, options.clock.nowMs());
	const after = options.catalog.edit(before.text, plan.changes);
	checked(after.value);
	if (!options.write || after.text === before.text) {
		return { ...learned, plan, written: false, backup: null };
	}
	const backup = await options.catalog.write(before.text, after.text);
	return { ...learned, plan, written: true, backup };
}

/** What calibration writes must be a catalog again; anything else is a fault of ours and must not reach the disk. */
function checked(value: unknown): void {
	try {
		parseCatalog(value);
	} catch (cause) {
		throw new RouterError({
			code: 'INTERNAL',
			message: 'Calibrating would have made the catalog invalid; nothing was written.',
			hint: 'Please report this with the catalog and what calibrate printed.',
			cause,
		});
	}
}

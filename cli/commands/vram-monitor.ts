/** `vram-monitor`: records the VRAM of every server, once or at an interval, in PostgreSQL and for Prometheus. */
import type { PostgresStore } from '../../adapters/postgres/store';
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import type { ComfyUiPort } from '../../lib/ports';
import { formatGb } from '../../lib/units';
import {
	obtainableBytes,
	type WatchState,
	watchTransitions,
} from '../../lib/vram-watch/transitions';
import type { VramReading } from '../../lib/vram-watch/types';
import { collectVram } from '../../service/monitor';
import type { Command, OptionValues } from '../command';
import { DATABASE_HELP, DATABASE_OPTIONS, givesDatabase, storeOf } from '../database';
import { EXIT, type Io } from '../io';
import { listenAddress } from '../listen-address';
import { type MonitorScrapes, openScrapes } from '../monitor-scrapes';
import { readCatalog } from '../read-json';
import { clientsOf } from '../servers';
import { UsageError } from '../usage-error';
import { list, number, text } from '../values';

const HELP = `Usage: comfyui-router vram-monitor --server URL... --database-url U (--once | --interval-seconds N)
       comfyui-router vram-monitor --server URL... --listen [HOST:]PORT [--database-url U]

Writes a row per GPU to vram_usage_log: memory, queue, and the model that is loaded. A server that
does not answer is a row too (reachable = false) and keeps no other waiting.

  --server URL         a ComfyUI server, repeatable; name=URL names it. A bearer token comes from
                       the variable COMFYUI_TOKEN
${DATABASE_HELP}
  --once               one round, then end: for cron, systemd timers, Kubernetes CronJobs
  --interval-seconds N rounds at this interval until SIGINT or SIGTERM; they never overlap
  --listen [HOST:]PORT also shows the last round to Prometheus at /metrics, and at /healthz whether
                       rounds go on. PORT alone: this machine only; 0.0.0.0:PORT: everybody. Then
                       the database may be left out, one that fails is reported and tried again
                       next round, and the interval is 15 seconds unless given
  --catalog F          models_config.json, to name the loaded model
  --timeout-seconds N  longest wait for a server (default: 5)
  --json               one line of JSON per round: readings and changes

Exit code: 0 done (also with servers that did not answer), 1 the database failed or the address of
--listen is taken, 64 bad input.

Examples:
  comfyui-router vram-monitor --once --server http://127.0.0.1:8188 \\
    --database-url postgresql://router:secret@localhost/studio
  comfyui-router vram-monitor --interval-seconds 10 --catalog models_config.json \\
    --server gpu-a=http://10.0.0.5:8188 --server gpu-b=http://10.0.0.6:8188
  comfyui-router vram-monitor --listen 0.0.0.0:9188 --server gpu-a=http://10.0.0.5:8188
`;

export const vramMonitor: Command = {
	name: 'vram-monitor',
	summary:
		'record the VRAM, queue and loaded model of every server in PostgreSQL, or for Prometheus',
	help: HELP,
	options: {
		server: { type: 'string', multiple: true },
		...DATABASE_OPTIONS,
		once: { type: 'boolean' },
		'interval-seconds': { type: 'string' },
		listen: { type: 'string' },
		catalog: { type: 'string' },
		'timeout-seconds': { type: 'string' },
	},
	run,
};

const DEFAULT_LISTENING_INTERVAL_MS = 15_000;

interface Monitoring {
	servers: readonly ComfyUiPort[];
	catalog: Catalog | null;
	/** null: only shown to scrapers. */
	store: PostgresStore | null;
	/** null: nobody scrapes. */
	scrapes: MonitorScrapes | null;
	timeoutMs: number;
	asJson: boolean;
	io: Io;
	watch: WatchState;
}

async function run(values: OptionValues, io: Io): Promise<number> {
	const address = listenAddress(values, 'vram-monitor');
	const intervalMs = readIntervalMs(values, address !== undefined);
	const timeoutSeconds = number(values, 'timeout-seconds', 'vram-monitor', { min: 0.1, max: 600 });
	const timeoutMs = (timeoutSeconds ?? 5) * 1000;
	const path = text(values, 'catalog');
	const catalog = path === undefined ? null : await readCatalog(path, io);
	const servers = clientsOf(list(values, 'server'), catalog, io, 'vram-monitor', timeoutMs);
	const wantsStore = address === undefined || givesDatabase(values, io);
	const store = wantsStore ? storeOf(values, io, 'vram-monitor') : null;
	const asJson = values['json'] === true;
	let scrapes: MonitorScrapes | null = null;
	try {
		if (address !== undefined && intervalMs !== null) {
			const names = servers.map((server) => server.name);
			scrapes = await openScrapes(address, { names, intervalMs, timeoutMs, clock: io.clock });
			io.err(`Metrics at ${scrapes.url}/metrics\n`);
		}
		const state = { servers, catalog, store, scrapes, timeoutMs, asJson, io, watch: {} };
		if (intervalMs === null) await runRound(state);
		else await runRounds(state, intervalMs);
		return EXIT.done;
	} finally {
		await scrapes?.close();
		for (const server of servers) server.close();
		await store?.close();
	}
}

/** null: once. */
function readIntervalMs(values: OptionValues, listens: boolean): number | null {
	const seconds = number(values, 'interval-seconds', 'vram-monitor', { min: 0.1, max: 86_400 });
	const once = values['once'] === true;
	if (listens && once) {
		throw new UsageError('--listen goes on until it is stopped: leave out --once.', 'vram-monitor');
	}
	if (once ? seconds !== undefined : seconds === undefined && !listens) {
		throw new UsageError('Give either --once or --interval-seconds N.', 'vram-monitor');
	}
	if (once) return null;
	return seconds === undefined ? DEFAULT_LISTENING_INTERVAL_MS : seconds * 1000;
}

/** Rounds keep their beat: one that took longer than the interval skips beats instead of shifting or overlapping. */
async function runRounds(monitoring: Monitoring, intervalMs: number): Promise<void> {
	const { clock, signal } = monitoring.io;
	const startMs = clock.nowMs();
	while (!signal.aborted) {
		await runRound(monitoring);
		const beats = Math.floor((clock.nowMs() - startMs) / intervalMs) + 1;
		await clock.sleep(startMs + beats * intervalMs - clock.nowMs(), signal).catch(() => undefined);
	}
}

async function runRound(monitoring: Monitoring): Promise<void> {
	const { servers, catalog, scrapes, timeoutMs, io } = monitoring;
	const startedMs = io.clock.nowMs();
	const readings = await collectVram(servers, catalog, io.clock, { timeoutMs });
	scrapes?.observe(readings, startedMs);
	await writeRound(monitoring, readings);
	const { state, events } = watchTransitions(monitoring.watch, readings);
	monitoring.watch = state;
	if (monitoring.asJson) {
		io.out(`${JSON.stringify({ readings, changes: events })}\n`);
		return;
	}
	io.out(`${progressLine(readings, new Date(io.clock.nowMs()).toISOString())}\n`);
	for (const event of events) io.out(`  ${event.message}\n`);
}

/** @throws what the store throws, except where scrapers read: they must not lose sight because a database is away */
async function writeRound(monitoring: Monitoring, readings: VramReading[]): Promise<void> {
	const { store, scrapes, io } = monitoring;
	if (store === null) return;
	try {
		await store.recordVram(readings);
		scrapes?.databaseWrite('ok');
	} catch (error) {
		if (scrapes === null || !(error instanceof RouterError)) throw error;
		scrapes.databaseWrite('failed');
		io.err(`${error.code}: ${error.message}\n`);
	}
}

function progressLine(readings: readonly VramReading[], now: string): string {
	const parts = readings.map((reading) => {
		if (!reading.reachable) return `${reading.server}: no answer`;
		const bytes = obtainableBytes(reading);
		const device = reading.device_index ? `#${reading.device_index}` : '';
		const memory =
			bytes === null || reading.vram_total === null
				? 'memory unknown'
				: `${formatGb(bytes)} of ${formatGb(reading.vram_total)} obtainable`;
		const queue = (reading.queue_running ?? 0) + (reading.queue_pending ?? 0);
		return `${reading.server}${device}: ${memory}, ${queue} queued, ${reading.loaded_model ?? 'no known model'} loaded`;
	});
	return `${now} ${readings.length} rows; ${parts.join('; ')}`;
}

/** Makes a fleet snapshot of what the servers answered. Pure: the readings and the time are arguments. */
import type { Catalog, CatalogModel, CatalogServer } from '../catalog/schema';
import type { HistoryEntry, QueueItem, QueueState, SystemStats } from '../ports';
import { deviceDefaults } from '../mig';
import { type IdentifiedModel, identifyModel } from '../workflow/identify-model';
import { readOwnJob } from './own-jobs';
import { jobSeconds, restOfRunning } from './remaining-time';
import { residentModel } from './resident-model';
import type { FleetServer, FleetSnapshot, QueuedJob } from './types';

/** What one server answered. */
export interface ServerReading {
	name: string;
	url: string;
	/** null: it could not be read; `error` says why. */
	state: { stats: SystemStats; queue: QueueState } | null;
	/** Ended prompts, oldest first; null: unknown. */
	history: HistoryEntry[] | null;
	/** null: unknown. */
	installedFiles: string[] | null;
	error: { code: string; message: string; hint: string } | null;
}

/** Difference of two clocks below which our own, finer one is believed: HTTP dates have whole seconds. */
const CLOCK_TOLERANCE_MS = 3000;

/** @param nowMs our own time, ms since the epoch */
export function assembleFleet(
	readings: ServerReading[],
	catalog: Catalog,
	nowMs: number,
): FleetSnapshot {
	return { servers: readings.map((reading) => assembleServer(reading, catalog, nowMs)) };
}

export function assembleServer(
	reading: ServerReading,
	catalog: Catalog,
	nowMs: number,
): FleetServer {
	const known = catalog.servers.find((server) => server.name === reading.name);
	const base = { name: reading.name, url: reading.url, ...configured(known) };
	if (reading.state === null) {
		return {
			...base,
			reachable: false,
			devices: [],
			queue: [],
			loaded_model: null,
			installed_files: null,
			error: reading.error?.message ?? 'The server did not answer.',
			error_code: reading.error?.code ?? 'COMFYUI_UNREACHABLE',
		};
	}
	const { stats, queue } = reading.state;
	const ofDevice = deviceDefaults(stats.devices[0]?.name, catalog.gpus ?? []);
	const last = reading.history?.at(-1) ?? null;
	const resident = residentModel(last, stats, catalog);
	const jobs = [...queue.running, ...queue.pending].map((item) => ({
		item,
		found: identifyModel(item.graph, catalog),
	}));
	const running = queue.running.length > 0 ? (jobs[0]?.found ?? null) : resident;
	return {
		...base,
		...given({
			hourly_cost: known?.hourly_cost ?? ofDevice.hourlyCost ?? undefined,
			speed_factor: known?.speed_factor ?? ofDevice.speedFactor ?? undefined,
		}),
		reachable: true,
		comfyui_version: stats.comfyuiVersion,
		devices: stats.devices,
		queue: queuedJobs(jobs, {
			runningCount: queue.running.length,
			resident: resident?.model ?? null,
			speedFactor: known?.speed_factor ?? ofDevice.speedFactor ?? 1,
			lastEndedMs: last?.endedMs ?? null,
			serverNowMs: serverNow(queue.serverTimeMs ?? null, nowMs),
			nowMs,
		}),
		loaded_model: running?.model.name ?? null,
		installed_files: reading.installedFiles,
	};
}

/** What the catalog says of the server; absent fields stay absent. */
function configured(server: CatalogServer | undefined): Partial<FleetServer> {
	if (!server) return {};
	return given({
		hourly_cost: server.hourly_cost,
		gpu_group: server.gpu_group,
		speed_factor: server.speed_factor,
		vram_reserve_gb: server.vram_reserve_gb,
		max_queue: server.max_queue,
		draining: server.draining,
		cold_start_seconds: server.cold_start_seconds,
		vram_gb: server.vram_gb,
	});
}

function given(fields: Partial<FleetServer>): Partial<FleetServer> {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The server's clock, which stamped its jobs, may be far from ours. */
function serverNow(serverTimeMs: number | null, nowMs: number): number {
	if (serverTimeMs === null || Math.abs(serverTimeMs - nowMs) < CLOCK_TOLERANCE_MS) return nowMs;
	return serverTimeMs;
}

interface QueueContext {
	runningCount: number;
	resident: CatalogModel | null;
	speedFactor: number;
	lastEndedMs: number | null;
	serverNowMs: number;
	nowMs: number;
}

function queuedJobs(
	jobs: { item: QueueItem; found: IdentifiedModel | null }[],
	context: QueueContext,
): QueuedJob[] {
	let resident = context.resident;
	return jobs.map(({ item, found }, index) => {
		const isRunning = index < context.runningCount;
		const total = found ? jobSeconds(found, resident, context.speedFactor) : null;
		resident = found?.model ?? null;
		const own = readOwnJob(item.extraData);
		const deadlineAt = own?.deadline_at ? Date.parse(own.deadline_at) : null;
		return {
			job_id: own?.job_id ?? item.promptId,
			model_name: found?.model.name ?? null,
			remaining_seconds:
				total === null || !isRunning ? total : restOfRunning(total, elapsedSeconds(item, context)),
			deadline_seconds: deadlineAt === null ? null : (deadlineAt - context.nowMs) / 1000,
			queue_number: item.number,
			running: isRunning,
			prompt_id: item.promptId,
			own: own !== null,
			age_seconds:
				item.createTimeMs === null
					? null
					: Math.max(0, (context.serverNowMs - item.createTimeMs) / 1000),
		};
	});
}

/** A job begins when it was submitted or when the one before it ended, whichever is later. */
function elapsedSeconds(item: QueueItem, context: QueueContext): number | null {
	if (item.createTimeMs === null) return null;
	const startedMs = Math.max(item.createTimeMs, context.lastEndedMs ?? 0);
	return Math.max(0, (context.serverNowMs - startedMs) / 1000);
}

/** One simulated ComfyUI server: a queue ordered by `number`, one job at a time, one resident model. */
import type { Catalog } from '../../lib/catalog/schema';
import { DEFAULT_VRAM_RESERVE_GB } from '../../lib/catalog/defaults';
import type { FleetServer } from '../../lib/fleet/types';
import { deviceDefaults } from '../../lib/mig';
import { baseName, normaliseFileName } from '../../lib/router/prepared-catalog';
import { BYTES_PER_GB } from '../../lib/units';
import type { JobCandidate, ModelLoad } from './candidates';
import { EventQueue } from './event-queue';
import type { PendingJob } from './types';

/** What a server is, as far as it does not change. */
export interface ServerSetup {
	index: number;
	name: string;
	url: string | undefined;
	speedFactor: number;
	hourlyCost: number | null;
	gpuGroup: string | null;
	maxQueue: number | null;
	reserveBytes: number;
	/** Infinity where the snapshot names no device. */
	vramTotalBytes: number;
	/** Held by other processes from the start. */
	foreignBytes: number;
	installedFiles: ReadonlySet<string> | null;
	/** The same as the fleet file has it. */
	installedList: string[] | null;
}

/** A job of ours bound to this server. */
export interface OwnRun {
	kind: 'own';
	job: PendingJob;
	candidate: JobCandidate;
	number: number;
	/** Memory that a run could get when the job was bound here, reserve included. */
	committedBytes: number;
}

/** A job that was in the queue when the replay began. */
export interface ForeignRun {
	kind: 'foreign';
	jobId: string;
	modelName: string | null;
	seconds: number;
	knownSeconds: number | null;
	deadlineAtSeconds: number | null;
	number: number;
}

/** Loads weights, for no job. */
export interface PrewarmRun {
	kind: 'prewarm';
	jobId: string;
	load: ModelLoad;
	number: number;
}

export type QueuedRun = OwnRun | ForeignRun | PrewarmRun;

export interface RunningRun {
	run: QueuedRun;
	startedAtSeconds: number;
	loadSeconds: number;
	runSeconds: number;
	endsAtSeconds: number;
	cold: boolean;
	outOfMemory: boolean;
	/** Most that it takes of the card; where it ran out of memory, what was there. */
	peakBytes: number;
	/** Memory that was there for it, and the least that any candidate of its job would have taken of it. */
	roomBytes: number;
	leastBytes: number;
	/** Tells this run's end event from that of a run which was lost. */
	token: number;
}

/** Jobs of unknown length that were queued before the replay began take this long. */
const UNKNOWN_FOREIGN_SECONDS = 30;

/** A foreign job takes its time; nothing else is known of it. */
export function foreignRunning(run: ForeignRun, nowSeconds: number, token: number): RunningRun {
	return {
		...jobless(run, nowSeconds, token),
		runSeconds: run.seconds,
		endsAtSeconds: nowSeconds + run.seconds,
	};
}

export function loadingRunning(
	run: PrewarmRun,
	{ loadSeconds, runSeconds }: { loadSeconds: number; runSeconds: number },
	cold: boolean,
	nowSeconds: number,
	token: number,
): RunningRun {
	const endsAtSeconds = nowSeconds + loadSeconds + runSeconds;
	return { ...jobless(run, nowSeconds, token), loadSeconds, runSeconds, endsAtSeconds, cold };
}

/** A run of no job of ours that takes no time yet. */
function jobless(run: QueuedRun, nowSeconds: number, token: number): RunningRun {
	return {
		run,
		startedAtSeconds: nowSeconds,
		loadSeconds: 0,
		runSeconds: 0,
		endsAtSeconds: nowSeconds,
		cold: false,
		outOfMemory: false,
		peakBytes: 0,
		roomBytes: 0,
		leastBytes: 0,
		token,
	};
}

export class SimServer {
	up: boolean;
	resident: string | null;
	coTenantBytes = 0;
	/** What this process holds of the card: a running job's peak, else the weights that stayed. */
	heldBytes = 0;
	/** Servers on the same physical GPU. They share its memory; that they also share its time is not simulated. */
	siblings: readonly SimServer[] = [];
	running: RunningRun | null = null;
	busySeconds = 0;
	swaps = 0;
	readonly queue = new EventQueue<QueuedRun>();
	#counter = 0;

	constructor(
		readonly setup: ServerSetup,
		server: FleetServer,
	) {
		this.up = server.reachable;
		this.resident = server.loaded_model;
		this.heldBytes = torchBytesOf(server);
		for (const job of server.queue) {
			const run: ForeignRun = {
				kind: 'foreign',
				jobId: job.job_id,
				modelName: job.model_name,
				seconds: job.remaining_seconds ?? UNKNOWN_FOREIGN_SECONDS,
				knownSeconds: job.remaining_seconds,
				deadlineAtSeconds: job.deadline_seconds,
				number: job.running ? -Infinity : job.queue_number,
			};
			this.queue.add(run.number, 0, run);
			if (Number.isFinite(job.queue_number))
				this.#counter = Math.max(this.#counter, job.queue_number + 1);
		}
	}

	/** Memory that a run can get, the reserve not taken off. */
	get runnableBytes(): number {
		const siblingBytes = this.siblings.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
		const { vramTotalBytes, foreignBytes } = this.setup;
		return vramTotalBytes - foreignBytes - this.coTenantBytes - siblingBytes;
	}

	get jobCount(): number {
		return this.queue.size + (this.running ? 1 : 0);
	}

	/** What stays on the card when nothing runs. */
	hold(modelName: string | null, bytes: number): void {
		this.resident = modelName;
		this.heldBytes = bytes;
	}

	/** Loads a model behind what is queued. */
	enqueueLoad(load: ModelLoad): void {
		const number = this.#counter++;
		const run: PrewarmRun = { kind: 'prewarm', jobId: `prewarm/${number}`, load, number };
		this.queue.add(number, 0, run);
	}

	/** Puts a job in the queue. Without a number the server counts, as ComfyUI does. */
	enqueue(job: PendingJob, candidate: JobCandidate, number: number | null | undefined): void {
		const own: OwnRun = {
			kind: 'own',
			job,
			candidate,
			number: number ?? this.#counter++,
			committedBytes: this.runnableBytes,
		};
		this.queue.add(own.number, 0, own);
	}
}

/** The fleet file's servers; what they leave open comes from the catalog's server of the same name. */
export function setupServers(
	catalog: Catalog,
	servers: readonly FleetServer[],
): { setup: ServerSetup; server: FleetServer }[] {
	return servers.map((server, index) => {
		const known = catalog.servers.find((entry) => entry.name === server.name);
		const [device] = server.devices;
		const ofDevice = deviceDefaults(device?.name, catalog.gpus ?? []);
		const reserveGb = server.vram_reserve_gb ?? known?.vram_reserve_gb ?? DEFAULT_VRAM_RESERVE_GB;
		const gpuGroup = groupOf(server, catalog);
		// what its siblings hold is missing from vram_free too, but it is theirs, not a stranger's
		const ours = servers.filter(
			(other) => gpuGroup !== null && groupOf(other, catalog) === gpuGroup,
		);
		const torchBytes = (ours.length > 0 ? ours : [server]).reduce(
			(sum, e) => sum + torchBytesOf(e),
			0,
		);
		return {
			server,
			setup: {
				index,
				name: server.name,
				url: server.url ?? known?.url,
				speedFactor: server.speed_factor ?? known?.speed_factor ?? ofDevice.speedFactor ?? 1,
				hourlyCost: server.hourly_cost ?? known?.hourly_cost ?? ofDevice.hourlyCost,
				gpuGroup,
				maxQueue: server.max_queue ?? known?.max_queue ?? null,
				reserveBytes: reserveGb * BYTES_PER_GB,
				vramTotalBytes: device?.vram_total ?? Infinity,
				foreignBytes: device ? Math.max(0, device.vram_total - device.vram_free - torchBytes) : 0,
				installedList: server.installed_files,
				installedFiles: server.installed_files ? namesOf(server.installed_files) : null,
			},
		};
	});
}

function groupOf(server: FleetServer, catalog: Catalog): string | null {
	const known = catalog.servers.find((entry) => entry.name === server.name);
	return server.gpu_group ?? known?.gpu_group ?? null;
}

/** Held by the process itself. */
function torchBytesOf({ devices: [device] }: FleetServer): number {
	return device ? device.torch_vram_total - device.torch_vram_free : 0;
}

/** Tells servers of one physical GPU of each other. */
export function linkSiblings(servers: readonly SimServer[]): void {
	for (const server of servers) {
		const { gpuGroup } = server.setup;
		server.siblings = servers.filter(
			(other) => other !== server && gpuGroup !== null && other.setup.gpuGroup === gpuGroup,
		);
	}
}

/** As the router compares them: normalised, with and without sub-folder. */
function namesOf(files: readonly string[]): ReadonlySet<string> {
	const names = files.map(normaliseFileName);
	return new Set([...names, ...names.map(baseName)]);
}

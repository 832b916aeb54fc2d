/** One server as a decision sees it: memory a run can get, the wait, what will be resident, speed and price. */
import { DEFAULT_VRAM_RESERVE_GB } from '../catalog/defaults';
import { expansionLimitBytes } from '../estimate/vram';
import { coldStartSeconds, sleepingBytes } from '../fleet/cold-start';
import type { FleetDevice, FleetServer, FleetSnapshot } from '../fleet/types';
import { deviceDefaults } from '../mig';
import { BYTES_PER_GB } from '../units';
import { baseName, normaliseFileName, type PreparedCatalog } from './prepared-catalog';
import {
	addJob,
	inRunningOrder,
	loadSecondsOf,
	remainingSeconds,
	varianceOf,
	type Wait,
	weightsKey,
} from './server-queue';

/** Pulling an image, a node that has to come first: starts scatter widely. */
const COLD_START_CV = 0.3;

/** A waiting job that another goes before. Seconds from now. */
export interface PassedJob {
	/** When it would end without that, and the variance. */
	mean: number;
	variance: number;
	deadlineSeconds: number;
}

/** What a place before the end of the queue means. */
export interface Passes {
	/** The same server with the job behind all others. */
	state: ServerState;
	/** The first `count` of these: the others stay before it. */
	jobs: readonly PassedJob[];
	count: number;
}

export interface ServerState {
	server: FleetServer;
	name: string;
	/** Of the snapshot, else of the catalog. */
	url: string | null;
	/** Position in the snapshot. */
	index: number;
	/** Or asleep, and startable. */
	reachable: boolean;
	/** Until it takes prompts, part of the wait; 0: it is up. */
	coldStartSeconds: number;
	coldStartVariance: number;
	queueFull: boolean;
	/** Bytes a run can get; null where the server reports no device. */
	availableBytes: number | null;
	/** Kept back from that already. */
	reserveBytes: number;
	/** Weights stored in fp8 are held in 16 bit where they then take no more than this. */
	expansionLimitBytes: number;
	waitMean: number;
	waitVariance: number;
	/** Weights resident when a job appended now has its turn, and now. */
	residentKey: string | null;
	idleResidentKey: string | null;
	/** Cold load of what is resident when a job appended now has its turn. */
	residentLoadSeconds: number;
	speedFactor: number;
	/** Currency per second, or null: no price known. */
	pricePerSecond: number | null;
	installed: ReadonlySet<string> | null;
	queueNumber: number;
	/** Absent: it goes behind all that is queued. */
	passes?: Passes;
	/** Servers with the same one share a GPU; null: it has its own. */
	gpuGroup: string | null;
	/** Of `availableBytes`, what jobs queued on servers of the same GPU will take; already taken off. */
	claimedBytes: number;
}

/** Lists are long and come again with every decision; one that grew or shrank is read anew. */
const installedSets = new WeakMap<string[], { length: number; names: ReadonlySet<string> }>();

/** Installed names, as given and by their last part: a catalog may name a file that lies in a sub-folder. */
function installedSet(files: string[]): ReadonlySet<string> {
	const cached = installedSets.get(files);
	if (cached?.length === files.length) return cached.names;
	const set = new Set<string>();
	for (const file of files) {
		const name = normaliseFileName(file);
		set.add(name);
		set.add(baseName(name));
	}
	installedSets.set(files, { length: files.length, names: set });
	return set;
}

/** True where the file is known to be there, or nothing is known. */
function isInstalled(installed: ReadonlySet<string> | null, file: string): boolean {
	return installed === null || installed.has(file) || installed.has(baseName(file));
}

export function areInstalled(
	installed: ReadonlySet<string> | null,
	files: readonly string[],
): boolean {
	for (const file of files) if (!isInstalled(installed, file)) return false;
	return true;
}

/**
 * Bytes a run can get on a device: free + what ComfyUI itself holds and would evict, less the reserve.
 * On cpu and mps ComfyUI reports system memory four times over, so "held by ComfyUI" would be everything in use on the
 * machine; there only the model that is resident counts as evictable.
 */
function deviceBytes(device: FleetDevice, residentBytes: number, reserveBytes: number): number {
	const sharedMemory = device.type === 'cpu' || device.type === 'mps';
	const held = sharedMemory ? residentBytes : device.torch_vram_total - device.torch_vram_free;
	return Math.min(device.vram_total, device.vram_free + held) - reserveBytes;
}

function availableBytes(
	server: FleetServer,
	prepared: PreparedCatalog,
	reserveGb: number,
): number | null {
	const reserve = reserveGb * BYTES_PER_GB;
	const residentGb = server.loaded_model
		? (prepared.modelsByName.get(server.loaded_model)?.model.vram_gb ?? 0)
		: 0;
	let best: number | null = null;
	for (const device of server.devices) {
		const bytes = deviceBytes(device, residentGb * BYTES_PER_GB, reserve);
		if (best === null || bytes > best) best = bytes;
	}
	return best;
}

function serverState(server: FleetServer, index: number, prepared: PreparedCatalog): ServerState {
	const known = prepared.serversByName.get(server.name);
	const queue = inRunningOrder(server.queue);
	const coldStart = coldStartSeconds(server, known);
	const coldStartVariance = (COLD_START_CV * (coldStart ?? 0)) ** 2;
	const wait: Wait = { mean: coldStart ?? 0, variance: coldStartVariance, waitingMean: 0 };
	let lastNumber = -1;
	// what was loaded is gone with the machine
	const loaded = coldStart === null ? server.loaded_model : null;
	const idleResidentKey = weightsKey(loaded, prepared);
	const ofDevice = deviceDefaults(
		server.devices[0]?.name ?? undefined,
		prepared.catalog.gpus ?? [],
	);
	const speedFactor = server.speed_factor ?? known?.speed_factor ?? ofDevice.speedFactor ?? 1;
	let residentKey = idleResidentKey;
	for (const job of queue) {
		const seconds = remainingSeconds(job, residentKey, speedFactor, prepared);
		residentKey = weightsKey(job.model_name, prepared);
		addJob(wait, job, seconds);
		if (job.queue_number > lastNumber) lastNumber = job.queue_number;
	}
	const hourlyCost = server.hourly_cost ?? known?.hourly_cost ?? ofDevice.hourlyCost;
	const maxQueue = server.max_queue ?? known?.max_queue ?? null;
	const reserveGb = server.vram_reserve_gb ?? known?.vram_reserve_gb ?? DEFAULT_VRAM_RESERVE_GB;
	const last = queue.at(-1);
	return {
		server,
		name: server.name,
		url: server.url ?? known?.url ?? null,
		index,
		reachable:
			coldStart !== null || (server.reachable && !(server.draining ?? known?.draining ?? false)),
		coldStartSeconds: coldStart ?? 0,
		coldStartVariance,
		queueFull: maxQueue !== null && queue.length >= maxQueue,
		availableBytes:
			coldStart === null
				? availableBytes(server, prepared, reserveGb)
				: (sleepingBytes(server, known) ?? 0) - reserveGb * BYTES_PER_GB,
		reserveBytes: reserveGb * BYTES_PER_GB,
		expansionLimitBytes: expansionLimitBytes(server.devices[0]),
		waitMean: wait.mean,
		waitVariance: varianceOf(wait),
		residentKey,
		idleResidentKey,
		residentLoadSeconds: loadSecondsOf(last === undefined ? loaded : last.model_name, prepared),
		speedFactor,
		pricePerSecond: hourlyCost === null ? null : hourlyCost / 3600,
		installed: server.installed_files === null ? null : installedSet(server.installed_files),
		queueNumber: Math.floor(lastNumber) + 1,
		gpuGroup: server.gpu_group ?? known?.gpu_group ?? null,
		claimedBytes: 0,
	};
}

/**
 * Servers of one physical GPU share its memory: what jobs queued on a sibling will take beyond what it holds today is
 * not visible in `vram_free` yet and is taken off here.
 */
function subtractSiblingClaims(states: ServerState[], prepared: PreparedCatalog): void {
	const groups = new Map<string, ServerState[]>();
	for (const state of states) {
		const group = state.gpuGroup;
		if (group !== null) groups.set(group, [...(groups.get(group) ?? []), state]);
	}
	for (const members of groups.values()) {
		if (members.length < 2) continue;
		const claims = members.map((member) => unseenClaimBytes(member, prepared));
		const total = claims.reduce((sum, claim) => sum + claim, 0);
		members.forEach((member, i) => {
			member.claimedBytes = total - (claims[i] ?? 0);
			if (member.availableBytes !== null) member.availableBytes -= member.claimedBytes;
		});
	}
}

function unseenClaimBytes(state: ServerState, prepared: PreparedCatalog): number {
	let claim = 0;
	for (const job of state.server.queue) {
		const model = job.model_name === null ? undefined : prepared.modelsByName.get(job.model_name);
		const preset = model?.presets[0];
		const known = job.vram_peak_bytes ?? preset?.referencePeakBytes;
		if (known !== undefined) claim = Math.max(claim, known);
	}
	return unseenBytes(state, claim);
}

/** What a job of this peak takes beyond what the server holds already, which `vram_free` shows. */
export function unseenBytes({ server }: ServerState, peakBytes: number): number {
	const device = server.devices[0];
	const held = device ? device.torch_vram_total - device.torch_vram_free : 0;
	return Math.max(0, peakBytes - held);
}

/** The fleet's servers, prepared for one decision. */
export function serverStates(fleet: FleetSnapshot, prepared: PreparedCatalog): ServerState[] {
	const states = fleet.servers.map((server, index) => serverState(server, index, prepared));
	if (states.length > 1) subtractSiblingClaims(states, prepared);
	return states;
}

/** Each server once, in the order of first appearance, as whoever comes next finds it: behind all that is queued. */
export function distinctServers(servers: readonly ServerState[]): ServerState[] {
	const seen: boolean[] = [];
	const distinct: ServerState[] = [];
	for (const server of servers) {
		if (seen[server.index] === true) continue;
		seen[server.index] = true;
		distinct.push(server.passes?.state ?? server);
	}
	return distinct;
}

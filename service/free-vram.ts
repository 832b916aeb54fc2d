/**
 * Makes a server give up its models and waits until its memory has settled. ComfyUI answers /free at once and acts later
 * (after the running job, else as soon as its worker wakes up), so only readings that stand still tell what came of it.
 */
import { RouterError } from '../lib/errors';
import type { Clock, ComfyUiPort, SystemStats } from '../lib/ports';
import { busyError, isIdle, serverLoad } from './server-load';

/** Bytes, summed over the devices. On cpu and mps they are the machine's memory. */
export interface MemoryState {
	vram_total: number;
	vram_free: number;
	/** What torch has reserved, and what of it holds tensors. */
	torch_vram_total: number;
	torch_vram_used: number;
}

export interface FreeVramOptions {
	server: Pick<ComfyUiPort, 'name' | 'queue' | 'free' | 'systemStats'>;
	clock: Clock;
	/** Also with jobs running or waiting, which then load their models again. Default false. */
	force?: boolean;
	/** Keep waiting this long for the memory to settle, ms. Default 30 000. */
	settleMs?: number;
	/** Between two readings, ms. Default 500. */
	pollMs?: number;
	/** Where nothing changes at all, wait this long before that is believed, ms. Default 5000. */
	patienceMs?: number;
	signal?: AbortSignal;
}

export interface FreeVramResult {
	server: string;
	before: MemoryState;
	after: MemoryState;
	/** More free than before; negative where another process took memory meanwhile. */
	freed_bytes: number;
	/** Three readings in a row agreed within 2 %. */
	settled: boolean;
	readings: number;
	seconds: number;
	/** Worth knowing, or null. */
	note: string | null;
}

const AGREEING_READINGS = 3;
const AGREEMENT = 0.02;
/** Below this nothing of size was loaded, so nothing needs to change. */
const EMPTY_BYTES = 64e6;

/** @throws RouterError SERVER_BUSY unless idle or forced; COMFYUI_* */
export async function freeVram(options: FreeVramOptions): Promise<FreeVramResult> {
	const { server, clock, force = false, signal } = options;
	const load = await serverLoad(server, signal);
	if (!isIdle(load) && !force) throw busyError(server.name, load, 'VRAM is not freed');
	const before = memoryOf(await server.systemStats(signal));
	const startedMs = clock.nowMs();
	await server.free({ unloadModels: true, freeMemory: true }, signal);
	const end = await settle(options, before, startedMs);
	return {
		server: server.name,
		before,
		after: end.state,
		freed_bytes: end.state.vram_free - before.vram_free,
		settled: end.settled,
		readings: end.readings,
		seconds: (clock.nowMs() - startedMs) / 1000,
		note: noteOf(load.running > 0, end.settled),
	};
}

interface Settled {
	state: MemoryState;
	settled: boolean;
	readings: number;
}

async function settle(
	options: FreeVramOptions,
	before: MemoryState,
	startedMs: number,
): Promise<Settled> {
	const { server, clock, settleMs = 30_000, pollMs = 500, patienceMs = 5_000, signal } = options;
	const last: MemoryState[] = [];
	for (let readings = 1; ; readings++) {
		await clock.sleep(pollMs, signal);
		const state = memoryOf(await server.systemStats(signal));
		last.push(state);
		if (last.length > AGREEING_READINGS) last.shift();
		const elapsedMs = clock.nowMs() - startedMs;
		const still = last.length === AGREEING_READINGS && last.every((one) => agree(one, state));
		const acted = before.torch_vram_used < EMPTY_BYTES || !agree(before, state);
		if (still && (acted || elapsedMs >= patienceMs)) return { state, settled: true, readings };
		if (elapsedMs >= settleMs) return { state, settled: false, readings };
	}
}

/** Within 2 % of the device: small figures would never agree relative to themselves. */
function agree(a: MemoryState, b: MemoryState): boolean {
	const tolerance = AGREEMENT * Math.max(a.vram_total, b.vram_total);
	return (
		Math.abs(a.vram_free - b.vram_free) <= tolerance &&
		Math.abs(a.torch_vram_total - b.torch_vram_total) <= tolerance
	);
}

function memoryOf({ devices }: SystemStats): MemoryState {
	if (devices.length === 0) throw noDevice();
	const sum = (of: (device: SystemStats['devices'][number]) => number) =>
		devices.reduce((total, device) => total + of(device), 0);
	return {
		vram_total: sum((device) => device.vram_total),
		vram_free: sum((device) => device.vram_free),
		torch_vram_total: sum((device) => device.torch_vram_total),
		torch_vram_used: sum((device) => device.torch_vram_total - device.torch_vram_free),
	};
}

function noteOf(wasRunning: boolean, settled: boolean): string | null {
	if (wasRunning) return 'A job was running: ComfyUI frees its memory when that job has ended.';
	return settled ? null : 'The memory was still changing when the waiting ended.';
}

function noDevice(): RouterError {
	return new RouterError({
		code: 'COMFYUI_SERVER_ERROR',
		message: 'The server reports no device, so its memory cannot be watched.',
		hint: "Look at ComfyUI's log: it has probably not finished starting.",
	});
}

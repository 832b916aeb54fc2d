/**
 * What changed between readings: low VRAM, recovered, unreachable, back. Pure: state in, state and events out; the
 * state is plain JSON, so that it survives in n8n's static data or a file.
 *
 * Low is judged by the memory a run can get, vram_free + torch_vram_total - torch_vram_free: ComfyUI keeps models
 * resident while idle and evicts them when it needs the room, so vram_free alone is low on a healthy server.
 */
import { formatGb } from '../units';
import type { VramReading } from './types';

export const CHANGE_KINDS = ['low_vram', 'recovered', 'unreachable', 'back'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A share of the device (0 to 1) or bytes. */
export type VramThreshold = { ratio: number } | { bytes: number };

export interface WatchOptions {
	/** Low below this. Default 10 %. */
	lowBelow?: VramThreshold;
	/** After being low: recovered at or above this. Default twice the low threshold; never below it. */
	recoveredAbove?: VramThreshold;
	/** Failed readings in a row that make a server unreachable. Default 2: one slow answer is not an outage. */
	unreachableAfter?: number;
}

interface ServerState {
	failures: number;
	unreachable: boolean;
	/** Device keys that are low. */
	low: string[];
}

/** Per server. Start with `{}`. */
export type WatchState = Record<string, ServerState>;

export interface VramChange {
	kind: ChangeKind;
	server: string;
	observed_at: string;
	device_index: number | null;
	device_name: string | null;
	/** Bytes a run could get; null for unreachable and back. */
	obtainable_bytes: number | null;
	vram_total: number | null;
	message: string;
}

export interface Transitions {
	state: WatchState;
	events: VramChange[];
}

const DEFAULT_LOW: VramThreshold = { ratio: 0.1 };
const DEFAULT_UNREACHABLE_AFTER = 2;

/**
 * Bytes a run can get on the device of a reading; null where the server did not say.
 * On cpu and mps ComfyUI reports the system's memory in all four fields: there nothing can be evicted, free is free.
 */
export function obtainableBytes(reading: VramReading): number | null {
	const { vram_free: free, torch_vram_total: held, torch_vram_free: cached } = reading;
	if (free === null) return null;
	if (held === reading.vram_total && cached === free) return free;
	return free + Math.max(0, (held ?? 0) - (cached ?? 0));
}

/**
 * @param state of the last call; unknown or damaged state is taken as new
 * @param readings of one round, any order
 */
export function watchTransitions(
	state: WatchState,
	readings: readonly VramReading[],
	options: WatchOptions = {},
): Transitions {
	// a map, because a server may be called __proto__
	const next = new Map(Object.entries(state));
	const events: VramChange[] = [];
	const byServer = new Map<string, VramReading[]>();
	for (const reading of readings) {
		byServer.set(reading.server, [...(byServer.get(reading.server) ?? []), reading]);
	}
	for (const [server, ofServer] of byServer) {
		next.set(server, watchServer(readState(state, server), ofServer, options, events));
	}
	return { state: Object.fromEntries(next), events };
}

function readState(state: WatchState, server: string): ServerState {
	const known = Object.hasOwn(state, server) ? state[server] : undefined;
	return {
		failures: Number.isFinite(known?.failures) ? Number(known?.failures) : 0,
		unreachable: known?.unreachable === true,
		low: Array.isArray(known?.low) ? known.low : [],
	};
}

function watchServer(
	before: ServerState,
	readings: readonly VramReading[],
	options: WatchOptions,
	events: VramChange[],
): ServerState {
	const failed = readings.find((reading) => !reading.reachable);
	if (failed) {
		const failures = before.failures + 1;
		const unreachable =
			before.unreachable || failures >= (options.unreachableAfter ?? DEFAULT_UNREACHABLE_AFTER);
		if (unreachable && !before.unreachable) {
			const message = `${failed.server} has not answered ${failures} times: ${failed.error ?? 'no answer'}`;
			events.push(change('unreachable', failed, null, message));
		}
		return { ...before, failures, unreachable };
	}
	const first = readings[0];
	if (before.unreachable && first) {
		events.push(change('back', first, null, `${first.server} answers again`));
	}
	const low = new Set(before.low);
	for (const reading of readings) watchDevice(low, reading, options, events);
	return { failures: 0, unreachable: false, low: [...low].sort() };
}

function watchDevice(
	low: Set<string>,
	reading: VramReading,
	options: WatchOptions,
	events: VramChange[],
): void {
	const bytes = obtainableBytes(reading);
	const total = reading.vram_total;
	if (bytes === null || total === null || total <= 0) return;
	const key = String(reading.device_index ?? 0);
	const lowBelow = thresholdBytes(options.lowBelow ?? DEFAULT_LOW, total);
	const recoveredAbove = Math.max(
		lowBelow,
		options.recoveredAbove ? thresholdBytes(options.recoveredAbove, total) : lowBelow * 2,
	);
	const figures = `${formatGb(bytes)} of ${formatGb(total)} can be had on ${reading.server}`;
	if (!low.has(key) && bytes < lowBelow) {
		low.add(key);
		events.push(change('low_vram', reading, bytes, `Low VRAM: only ${figures}`));
	} else if (low.has(key) && bytes >= Math.min(recoveredAbove, total)) {
		low.delete(key);
		events.push(change('recovered', reading, bytes, `VRAM recovered: ${figures}`));
	}
}

function thresholdBytes(threshold: VramThreshold, totalBytes: number): number {
	return 'bytes' in threshold ? threshold.bytes : threshold.ratio * totalBytes;
}

function change(
	kind: ChangeKind,
	reading: VramReading,
	bytes: number | null,
	message: string,
): VramChange {
	const ofServer = kind === 'unreachable' || kind === 'back';
	return {
		kind,
		server: reading.server,
		observed_at: reading.observed_at,
		device_index: ofServer ? null : reading.device_index,
		device_name: ofServer ? null : reading.device_name,
		obtainable_bytes: bytes,
		vram_total: ofServer ? null : reading.vram_total,
		message,
	};
}

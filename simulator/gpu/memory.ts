/**
 * VRAM: what is resident, what fits, what is evicted, what `/system_stats` would say. Every function returns a new
 * state. ComfyUI's rules: its own models are evicted to make room, another process's memory never is.
 */
import { BYTES_PER_MIB } from '../../lib/units';
import type { GpuProfile, GpuState } from './types';

/** Freed memory that torch's caching allocator keeps for itself, bytes. */
export const TORCH_CACHE_BYTES = 64 * BYTES_PER_MIB;

export function emptyGpuState(): GpuState {
	return {
		resident: new Map(),
		cachedLoaders: new Set(),
		previousSignature: null,
		activationBytes: 0,
		coTenantBytes: 0,
	};
}

export function residentBytes(state: GpuState): number {
	let sum = 0;
	for (const bytes of state.resident.values()) sum += bytes;
	return sum;
}

/** Live tensors of this process, bytes. */
export function usedBytes(state: GpuState): number {
	return residentBytes(state) + state.activationBytes;
}

/** What this process could use at most: everything but its context and other processes. */
export function attainableBytes(profile: GpuProfile, state: GpuState): number {
	return Math.max(0, profile.vramTotalBytes - profile.contextBytes - state.coTenantBytes);
}

/** Memory figures as `/system_stats` of a CUDA device reports them, bytes. */
export interface MemoryReading {
	vramTotal: number;
	vramFree: number;
	torchVramTotal: number;
	torchVramFree: number;
}

/** `vram_free` counts torch's own cache as free and is blind to what could be evicted, as in ComfyUI. */
export function memoryReading(profile: GpuProfile, state: GpuState): MemoryReading {
	const used = usedBytes(state);
	const free = Math.max(0, attainableBytes(profile, state) - used);
	const cache = Math.min(TORCH_CACHE_BYTES, free);
	return {
		vramTotal: profile.vramTotalBytes,
		vramFree: Math.round(free),
		torchVramTotal: Math.round(used + cache),
		torchVramFree: Math.round(cache),
	};
}

/** A prompt starts: the node cache drops what this prompt does not use, and with it the weights. */
export function beginJob(state: GpuState, modelNames: Iterable<string>): GpuState {
	const used = new Set(modelNames);
	return {
		...state,
		resident: new Map([...state.resident].filter(([name]) => used.has(name))),
		cachedLoaders: new Set([...state.cachedLoaders].filter((name) => used.has(name))),
	};
}

export type Fit = 'fits' | 'paged' | 'oom';

/**
 * Makes room for a model (and its working memory) by evicting this process's other models, largest first.
 * `paged`: dynamic mode only, the working memory fits but the weights do not.
 */
export function makeRoom(
	profile: GpuProfile,
	state: GpuState,
	modelName: string,
	weightsBytes: number,
	activationBytes: number,
): { state: GpuState; fit: Fit } {
	const attainable = attainableBytes(profile, state);
	const needed = weightsBytes + activationBytes;
	const resident = new Map(state.resident);
	const others = [...resident].filter(([name]) => name !== modelName).sort((a, b) => b[1] - a[1]);
	let othersBytes = others.reduce((sum, [, bytes]) => sum + bytes, 0);
	for (const [name, bytes] of others) {
		if (needed + othersBytes <= attainable) break;
		resident.delete(name);
		othersBytes -= bytes;
	}
	const evicted = { ...state, resident };
	if (needed <= attainable) return { state: evicted, fit: 'fits' };
	const pageable = profile.memoryMode === 'dynamic' && activationBytes <= attainable;
	return { state: evicted, fit: pageable ? 'paged' : 'oom' };
}

/** The model's weights are in VRAM now (as many as there is room for, when paged). */
export function withModel(state: GpuState, modelName: string, bytes: number): GpuState {
	return {
		...state,
		resident: new Map(state.resident).set(modelName, bytes),
		cachedLoaders: new Set(state.cachedLoaders).add(modelName),
	};
}

export function withActivation(state: GpuState, activationBytes: number): GpuState {
	return { ...state, activationBytes };
}

/** Another process takes (or gives back) memory. It gets no more than is free, as a real allocation would. */
export function withCoTenant(profile: GpuProfile, state: GpuState, bytes: number): GpuState {
	const most = profile.vramTotalBytes - profile.contextBytes - usedBytes(state);
	return { ...state, coTenantBytes: Math.max(0, Math.min(bytes, most)) };
}

/** A prompt ended well, or was interrupted: weights stay, working memory goes. */
export function endJob(state: GpuState, signature: string | null): GpuState {
	return { ...state, activationBytes: 0, previousSignature: signature };
}

/** A prompt ended in OOM: ComfyUI unloads every model; loader outputs stay cached in RAM. */
export function endJobWithOom(state: GpuState): GpuState {
	return { ...unloadModels(state), activationBytes: 0, previousSignature: null };
}

/** `/free` with `unload_models`: weights leave VRAM, loader outputs stay cached. */
export function unloadModels(state: GpuState): GpuState {
	return { ...state, resident: new Map() };
}

/** `/free` with `free_memory`: weights and the whole node cache go. */
export function freeMemory(state: GpuState): GpuState {
	return { ...unloadModels(state), cachedLoaders: new Set(), previousSignature: null };
}

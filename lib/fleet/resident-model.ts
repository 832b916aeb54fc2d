/**
 * Which catalog model is resident on a server. No endpoint says so: ComfyUI's default cache keeps what the last prompt
 * used, so the last prompt's loaders tell, unless a failure, /free or a cache setting has emptied the device since.
 */
import type { Catalog } from '../catalog/schema';
import { isOutOfMemory } from '../execution/oom';
import type { HistoryEntry, SystemStats } from '../ports';
import { BYTES_PER_GB } from '../units';
import { type IdentifiedModel, identifyModel } from '../workflow/identify-model';
import { upstream } from '../workflow/walk';
import type { FleetDevice } from './types';

/** Below this share of a model's weights the device cannot hold it; ComfyUI may keep a part in RAM, so it is low. */
const RESIDENT_SHARE = 0.25;
/** What remains allocated on a device with nothing loaded. */
const EMPTY_DEVICE_BYTES = 64e6;

/** Device types on which torch's own counters mean this process's tensors. On cpu and mps they are the machine's memory. */
const COUNTED_DEVICES = new Set(['cuda', 'xpu', 'npu', 'mlu']);

/** Starts of ComfyUI that keep nothing between prompts. */
const KEEPS_NOTHING = new Set(['--cache-none']);

/** @param last the prompt that ended last, or null: none since the server started */
export function residentModel(
	last: HistoryEntry | null,
	stats: Pick<SystemStats, 'argv' | 'devices'>,
	catalog: Catalog,
): IdentifiedModel | null {
	if (last === null || stats.argv.some((argument) => KEEPS_NOTHING.has(argument))) return null;
	const found = identifyModel(last.graph, catalog);
	if (found === null || !survivedFailure(last, found)) return null;
	return stats.devices.some((device) => isEmptied(device, found.model.vram_gb)) ? null : found;
}

/** After an out-of-memory error ComfyUI unloads all; another error keeps the model if it came after the load. */
function survivedFailure(last: HistoryEntry, found: IdentifiedModel): boolean {
	if (last.status !== 'error') return true;
	if (isOutOfMemory(last.failure)) return false;
	const { bindings } = found;
	const failedAt = last.failure?.nodeId ?? null;
	if (bindings === null || failedAt === null) return false;
	if (bindings.model && last.cachedNodes?.includes(bindings.model.output[0])) return true;
	return upstream(last.graph, failedAt).includes(bindings.sampler.nodeId);
}

/** /free, --disable-smart-memory or another reason: far less is allocated than the weights need. */
function isEmptied(device: FleetDevice, weightsGb: number | undefined): boolean {
	if (!COUNTED_DEVICES.has(device.type ?? '')) return false;
	const held = device.torch_vram_total - device.torch_vram_free;
	if (weightsGb === undefined) return held < EMPTY_DEVICE_BYTES;
	return held < weightsGb * BYTES_PER_GB * RESIDENT_SHARE;
}

/** From ComfyUI's answers to our ports' types. Owns the cleaning of untrusted strings; sends nothing. */
import type { FleetDevice } from '../../lib/fleet/types';
import type {
	QueueItem,
	QueueState,
	ServerFeatures,
	ServerJob,
	SizedFile,
	SystemStats,
} from '../../lib/ports';
import { cleanText, isPlainName } from '../../lib/text';
import { looseGraph } from '../../lib/workflow/parse-graph';
import * as schemas from './schemas';

/** null where the answer is not a system_stats at all. */
export function parseSystemStats(json: unknown): SystemStats | null {
	const parsed = schemas.systemStatsSchema.safeParse(json);
	if (!parsed.success) return null;
	const { system, devices } = parsed.data;
	return {
		comfyuiVersion: system?.comfyui_version ? cleanText(system.comfyui_version, 50) : null,
		argv: (system?.argv ?? []).slice(0, 200).map((part) => cleanText(part, 300)),
		devices: devices.slice(0, 64).flatMap(parseDevice),
	};
}

function parseDevice(json: unknown): FleetDevice[] {
	const parsed = schemas.deviceSchema.safeParse(json);
	if (!parsed.success) return [];
	const { name, type, vram_total, vram_free, torch_vram_total, torch_vram_free } = parsed.data;
	return [
		{
			name: cleanText(name, 200),
			type: cleanText(type, 50),
			vram_total,
			vram_free,
			torch_vram_total,
			torch_vram_free,
		},
	];
}

/** null where the answer is not a queue. Items that are none are left out; pending ones come in running order. */
export function parseQueue(json: unknown, serverTimeMs: number | null): QueueState | null {
	const parsed = schemas.queueSchema.safeParse(json);
	if (!parsed.success) return null;
	const pending = parsed.data.queue_pending.flatMap(parseQueueItem);
	// ComfyUI's heap compares (number, prompt_id)
	pending.sort((a, b) => a.number - b.number || (a.promptId < b.promptId ? -1 : 1));
	return { running: parsed.data.queue_running.flatMap(parseQueueItem), pending, serverTimeMs };
}

function parseQueueItem(json: unknown): QueueItem[] {
	const parsed = schemas.promptTupleSchema.safeParse(json);
	if (!parsed.success) return [];
	return [promptOf(parsed.data)];
}

/** The part that queue and history share. */
export function promptOf(tuple: readonly unknown[]): QueueItem {
	const [number, promptId, graph, extra] = tuple;
	const extraData = plainObject(extra);
	const createTime = extraData['create_time'];
	const clientId = extraData['client_id'];
	return {
		number: typeof number === 'number' ? number : 0,
		promptId: idText(promptId),
		graph: looseGraph(graph),
		createTimeMs: typeof createTime === 'number' && createTime > 0 ? createTime : null,
		clientId: typeof clientId === 'string' ? cleanText(clientId, 200) : null,
		extraData,
	};
}

/** An id as servers write them. Anything else becomes '': an object from a stranger may not even have a text. */
export function idText(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number'
		? cleanText(String(value), 200)
		: '';
}

export function plainObject(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: {};
}

/** Names that can be stored and sent back; anything else a server lists is left out. */
export function parseNames(json: unknown): string[] | null {
	const parsed = schemas.namesSchema.safeParse(json);
	if (!parsed.success) return null;
	return parsed.data.slice(0, 100_000).filter((name): name is string => isPlainName(name));
}

export function parseSizedFiles(json: unknown, folder: string): SizedFile[] | null {
	const parsed = schemas.sizedFilesSchema.safeParse(json);
	if (!parsed.success) return null;
	return parsed.data
		.filter((file) => isPlainName(file.name))
		.map((file) => ({
			name: file.name,
			folder,
			sizeBytes: file.size ?? null,
			// seconds since the epoch, as Python's os.stat gives them
			modifiedMs: typeof file.modified === 'number' ? Math.round(file.modified * 1000) : null,
		}));
}

export function parseFeatures(json: unknown): ServerFeatures {
	const parsed = schemas.featuresSchema.safeParse(json);
	return {
		maxUploadBytes: parsed.success ? (parsed.data.max_upload_size ?? null) : null,
		supportsPreviewMetadata: parsed.success && parsed.data.supports_preview_metadata === true,
	};
}

export function parseJobs(json: unknown): ServerJob[] | null {
	const parsed = schemas.jobsSchema.safeParse(json);
	if (!parsed.success) return null;
	return parsed.data.jobs.map((job) => ({
		promptId: cleanText(job.id, 200),
		status: cleanText(job.status, 50),
		createTimeMs: job.create_time ?? null,
		startedMs: job.execution_start_time ?? null,
		endedMs: job.execution_end_time ?? null,
	}));
}

/** The options of a node's file input in either spelling: `[[...], opts]` or `["COMBO", {options: [...]}]`. */
export function comboOptions(objectInfo: Record<string, unknown>, input: string): string[] {
	const inputs = plainObject(objectInfo['input']);
	const spec = plainObject(inputs['required'])[input] ?? plainObject(inputs['optional'])[input];
	if (!Array.isArray(spec)) return [];
	const options = Array.isArray(spec[0]) ? spec[0] : plainObject(spec[1])['options'];
	return parseNames(options) ?? [];
}

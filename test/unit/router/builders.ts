/** Small catalogs and fleets for router tests: readable defaults, everything overridable. */
import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import type { FleetServer, FleetSnapshot, QueuedJob } from '../../../lib/fleet/types';
import { ModelRouter } from '../../../lib/router/model-router';
import type {
	RejectedDecision,
	SelectedDecision,
	Selection,
	SelectOptions,
} from '../../../lib/selection/types';

export const NOW_MS = Date.UTC(2026, 0, 1);

export interface PresetDraft {
	name?: string;
	quality?: number;
	steps?: number;
	cfg?: number;
	seconds?: number;
	p95?: number;
	loras?: { file: string }[];
	size?: number;
	confidence?: 'measured' | 'published' | 'estimated';
	vramPeakGb?: number;
}

export interface ModelDraft {
	name: string;
	quality?: number;
	purposes?: Record<string, number>;
	peakGb?: number;
	loadSeconds?: number;
	presets?: PresetDraft[];
	more?: Record<string, unknown>;
}

function presetJson(draft: PresetDraft, index: number): unknown {
	const size = draft.size ?? 1024;
	return {
		name: draft.name ?? `preset-${index}`,
		quality: draft.quality ?? 1,
		steps: draft.steps ?? 20,
		cfg: draft.cfg ?? 4,
		reference: { width: size, height: size },
		avg_time_seconds: draft.seconds ?? 10,
		...(draft.p95 === undefined ? {} : { p95_time_seconds: draft.p95 }),
		...(draft.loras === undefined ? {} : { loras: draft.loras }),
		...(draft.vramPeakGb === undefined ? {} : { vram_peak_gb: draft.vramPeakGb }),
		confidence: draft.confidence ?? 'measured',
	};
}

export function modelJson(draft: ModelDraft): Record<string, unknown> {
	return {
		name: draft.name,
		family: 'sdxl',
		commercial_use: true,
		files: { checkpoint: `${draft.name}.safetensors` },
		purposes: draft.purposes ?? { photo: draft.quality ?? 0.8 },
		vram_gb: (draft.peakGb ?? 10) - 2,
		vram_peak_gb: draft.peakGb ?? 10,
		load_seconds: draft.loadSeconds ?? 5,
		presets: (draft.presets ?? [{}]).map(presetJson),
		...draft.more,
	};
}

export function catalogOf(models: ModelDraft[], more: Record<string, unknown> = {}): Catalog {
	return parseCatalog({ version: 1, models: models.map(modelJson), ...more });
}

export function serverOf(
	name: string,
	more: Partial<FleetServer> & { freeGb?: number } = {},
): FleetServer {
	const { freeGb = 23, ...rest } = more;
	return {
		name,
		url: `http://${name}:8188`,
		reachable: true,
		hourly_cost: 0.36,
		devices: [
			{
				name: 'cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync',
				type: 'cuda',
				vram_total: 25e9,
				vram_free: freeGb * 1e9,
				torch_vram_total: 0,
				torch_vram_free: 0,
			},
		],
		queue: [],
		loaded_model: null,
		installed_files: null,
		...rest,
	};
}

export function queued(more: Partial<QueuedJob> = {}): QueuedJob {
	return {
		job_id: 'other',
		model_name: null,
		remaining_seconds: 10,
		deadline_seconds: null,
		queue_number: 1,
		running: false,
		...more,
	};
}

export function fleetOf(...servers: FleetServer[]): FleetSnapshot {
	return { servers };
}

export function select(
	catalog: Catalog,
	fleet: FleetSnapshot,
	request: Record<string, unknown>,
	options: Partial<SelectOptions> = {},
): Selection {
	return new ModelRouter(catalog).select({ purpose: 'photo', ...request }, fleet, {
		nowMs: NOW_MS,
		...options,
	});
}

export function selected(selection: Selection): SelectedDecision {
	if (selection.decision !== 'selected') throw new Error(selection.rejection.message);
	return selection;
}

export function rejected(selection: Selection): RejectedDecision {
	if (selection.decision !== 'rejected') throw new Error(`selected ${selection.model_name}`);
	return selection;
}

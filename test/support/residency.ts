/** Small fleets and kinds of jobs for tests of what is loaded ahead. */
import { parseCatalog } from '../../lib/catalog/parse';
import type { FleetServer } from '../../lib/fleet/types';
import { planResidency, type ResidencyAction } from '../../lib/residency/plan';
import { ModelRouter } from '../../lib/router/model-router';
import type { DemandKind } from '../../lib/selection/types';
import { smallPreset } from './catalog-builder';

function model(name: string, purposes: Record<string, number>, seconds: number, load: number) {
	return {
		name,
		files: { checkpoint: `${name}.safetensors` },
		purposes,
		vram_gb: 6,
		vram_peak_gb: 8,
		load_seconds: load,
		presets: [{ ...smallPreset('full'), avg_time_seconds: seconds }],
	};
}

/** Nothing cold is in time for a draft within five seconds; a photo has time for any load. */
export const MODELS = [
	model('quick', { draft: 0.6, photo: 0.3 }, 1, 20),
	model('fine', { photo: 0.9 }, 12, 20),
	model('logo', { logo: 0.8 }, 2, 10),
];
export const NAMES = MODELS.map(({ name }) => name);

type Settings = Record<string, unknown>;

export function server(rest: Partial<FleetServer> = {}): FleetServer {
	const device = { vram_total: 24e9, vram_free: 24e9, torch_vram_total: 0, torch_vram_free: 0 };
	return {
		name: 's1',
		reachable: true,
		devices: [device],
		queue: [],
		loaded_model: null,
		installed_files: null,
		...rest,
	};
}

export const JOB = {
	job_id: 'j',
	model_name: 'fine',
	remaining_seconds: 5,
	deadline_seconds: null,
	queue_number: 1,
	running: true,
};

export const drafts = (share: number): DemandKind => ({
	request: { purpose: 'draft', urgency: 'urgent', deadline_seconds: 5 },
	share,
});
export const photos = (share: number): DemandKind => ({
	request: { purpose: 'photo', urgency: 'flexible', deadline_seconds: 40 },
	share,
});
export const logos = (share: number): DemandKind => ({
	request: { purpose: 'logo', deadline_seconds: 4 },
	share,
});

interface Given {
	settings?: Settings[];
	kinds?: DemandKind[];
	idle?: Record<string, number | null>;
	wanted?: string[];
	jobsWait?: boolean;
	perSecond?: number;
	/** By server: models that could lately not be loaded. */
	failed?: Record<string, string[]>;
}

export function plan(servers: FleetServer[], given: Given = {}): ResidencyAction[] {
	const { settings = [], kinds = [], idle = {}, wanted = [], jobsWait, perSecond = 0.01 } = given;
	const failed = Object.entries(given.failed ?? {});
	return planResidency({
		router: new ModelRouter(parseCatalog({ version: 1, models: MODELS, servers: settings })),
		fleet: { servers },
		idleSeconds: new Map(Object.entries(idle)),
		wantedModels: new Set(wanted),
		options: { nowMs: 0, demand: { arrivals_per_second: perSecond, kinds } },
		jobsWait,
		failedLoads: new Map(failed.map(([name, models]) => [name, new Set(models)])),
	});
}

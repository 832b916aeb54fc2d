/** Small catalogs, fleets, traces and scripted policies whose replay can be worked out by hand. */
import { parseCatalog } from '../../../lib/catalog/parse';
import type { Catalog } from '../../../lib/catalog/schema';
import type { FleetServer, FleetSnapshot } from '../../../lib/fleet/types';
import { replay } from '../../../simulator/replay/engine';
import { EXACT_TRUTH } from '../../../simulator/replay/truth';
import type {
	CommitPolicy,
	FleetView,
	PendingJob,
	PolicyDefinition,
	ReplayInput,
	ReplayResult,
	TraceJob,
	Truth,
} from '../../../simulator/replay/types';

const GB = 1e9;

/** `big`: 10 s run, 4 s load, 20 GB peak, quality 1. `small`: 2 s run, 1 s load, 8 GB peak, quality 0.5. */
export function twoModels(): Catalog {
	const model = (name: string, quality: number, run: number, load: number, peak: number) => ({
		name,
		files: { checkpoint: `${name}.safetensors` },
		purposes: { photo: quality },
		commercial_use: true,
		vram_gb: peak - 2,
		vram_peak_gb: peak,
		load_seconds: load,
		presets: [
			{
				name: 'only',
				quality: 1,
				steps: 10,
				cfg: 1,
				reference: { width: 1024, height: 1024 },
				avg_time_seconds: run,
			},
		],
	});
	return parseCatalog({
		version: 1,
		models: [model('big', 1, 10, 4, 20), model('small', 0.5, 2, 1, 8)],
	});
}

export function server(name: string, changes: Partial<FleetServer> = {}): FleetServer {
	return {
		name,
		reachable: true,
		hourly_cost: 3600,
		devices: [
			{
				type: 'cuda',
				vram_total: 24 * GB,
				vram_free: 24 * GB,
				torch_vram_total: 0,
				torch_vram_free: 0,
			},
		],
		queue: [],
		loaded_model: null,
		installed_files: null,
		...changes,
	};
}

export function fleet(...servers: FleetServer[]): FleetSnapshot {
	return { servers: servers.length > 0 ? servers : [server('one')] };
}

/** A photo asked for at this second, due 100 s later unless said otherwise. */
export function photo(arrivalSeconds: number, changes: Partial<TraceJob> = {}): TraceJob {
	return {
		arrivalSeconds,
		purpose: 'photo',
		urgency: 'normal',
		deadlineSeconds: 100,
		minQuality: 0,
		width: null,
		height: null,
		batchSize: 1,
		userId: null,
		...changes,
	};
}

export interface Order {
	model: string;
	server?: number;
	number?: number | null;
}

/** A policy that gives the n-th decision the n-th order, and the last one to all that follow. */
export function scripted(...orders: (Order | null)[]): PolicyDefinition {
	let next = 0;
	return commitPolicy((job, view) => {
		const order = orders[Math.min(next++, orders.length - 1)] ?? null;
		const candidate = view.candidates(job).find((entry) => entry.model.name === order?.model);
		if (!order || !candidate) return null;
		return { candidate, serverIndex: order.server ?? 0, queueNumber: order.number ?? null };
	});
}

export function commitPolicy(decide: CommitPolicy['decide']): PolicyDefinition {
	return definition({ kind: 'commit', decide });
}

/** Starts the oldest waiting job on the first idle server, with this model; shows each view to `watch`. */
export function lateInOrder(
	model: string,
	watch: (waiting: readonly PendingJob[], view: FleetView) => void = () => undefined,
): PolicyDefinition {
	return definition({
		kind: 'late',
		dispatch(waiting, view) {
			watch(waiting, view);
			const idle = view.servers.find((entry) => entry.reachable && entry.jobs.length === 0);
			const [job] = waiting;
			const candidate = job && view.candidates(job).find((entry) => entry.model.name === model);
			if (!idle || !job || !candidate) return { start: [] };
			return { start: [{ job, placement: { candidate, serverIndex: idle.index } }] };
		},
	});
}

/** The same policy, which also loads this whenever it is asked; shows each view to `watch`. */
export function tending(
	policy: PolicyDefinition,
	modelName: string,
	watch: (view: FleetView) => void = () => undefined,
): PolicyDefinition {
	const tend = (view: FleetView) => {
		watch(view);
		return [{ modelName, serverIndex: 0 }];
	};
	return { ...policy, create: (context) => ({ ...policy.create(context), tend }) };
}

function definition(policy: ReturnType<PolicyDefinition['create']>): PolicyDefinition {
	return {
		name: 'scripted',
		summary: '',
		knows: 'beliefs',
		learns: false,
		create: () => policy,
	};
}

export function truth(changes: Partial<Truth> = {}): Truth {
	return { ...EXACT_TRUTH, ...changes };
}

/** A replay on one 24 GB server with the two models unless said otherwise. */
export function run(
	input: Partial<ReplayInput> & Pick<ReplayInput, 'trace' | 'policy'>,
): ReplayResult {
	return replay({ catalog: twoModels(), fleet: fleet(), truth: truth(), seed: 1, ...input });
}

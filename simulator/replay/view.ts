/** Shows a policy the fleet as it may know it: believed figures over the real queues. Decides nothing. */
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import type { CalibrationEntry } from '../../lib/selection/types';
import { BYTES_PER_GB } from '../../lib/units';
import type { CandidateTable, JobCandidate } from './candidates';
import type { DemandMeter } from './demand';
import type { QueuedRun, RunningRun, SimServer } from './server';
import type { Figures, FleetView, PendingJob, QueuedView, ServerView } from './types';

/** A run that takes longer than believed is believed to need this share of its time still. */
const OVERRUN_SHARE = 0.1;

/** The catalog's figures, corrected by what was learned (an empty list: as they are). */
export class BelievedFigures implements Figures {
	readonly #byModel: ReadonlyMap<string, CalibrationEntry>;

	constructor(
		readonly speedFactors: readonly number[],
		entries: readonly CalibrationEntry[],
	) {
		this.#byModel = new Map(entries.map((entry) => [entry.model_name, entry]));
	}

	runSeconds(_job: PendingJob, candidate: JobCandidate, serverIndex: number): number {
		const factor = this.#byModel.get(candidate.model.name)?.time_factor ?? 1;
		return (candidate.runSeconds * factor) / (this.speedFactors[serverIndex] as number);
	}

	loadSeconds(_job: PendingJob, candidate: JobCandidate): number {
		return candidate.loadSeconds * (this.#byModel.get(candidate.model.name)?.load_factor ?? 1);
	}

	peakBytes(_job: PendingJob, candidate: JobCandidate): number {
		return candidate.peakBytes * (this.#byModel.get(candidate.model.name)?.vram_factor ?? 1);
	}
}

export interface ViewInput {
	nowSeconds: number;
	servers: readonly SimServer[];
	figures: Figures;
	candidates: CandidateTable;
	demand: DemandMeter;
	calibration: readonly CalibrationEntry[];
}

export function fleetView(input: ViewInput): FleetView {
	const servers = input.servers.map((server) => serverView(server, input));
	return {
		nowSeconds: input.nowSeconds,
		servers,
		figures: input.figures,
		demand: input.demand.read(input.nowSeconds),
		kinds: () => input.demand.kinds(input.nowSeconds),
		calibration: input.calibration,
		candidates: (job) => input.candidates.of(job),
		needsImage: (purpose) => input.candidates.needsImage(purpose),
		snapshot: () => snapshotOf(input, servers),
	};
}

function serverView(server: SimServer, input: ViewInput): ServerView {
	const jobs: QueuedView[] = [];
	let model = server.resident;
	let freeIn = 0;
	const add = (view: QueuedView, leaves: string | null): void => {
		jobs.push(view);
		freeIn += view.remainingSeconds ?? 0;
		model = leaves;
	};
	if (server.running) add(runningView(server, server.running, input), modelOf(server.running.run));
	for (const run of server.queue.inOrder())
		add(pendingView(server, run, model, input), modelOf(run));
	const { setup } = server;
	return {
		index: setup.index,
		name: setup.name,
		reachable: server.up,
		speedFactor: setup.speedFactor,
		hourlyCost: setup.hourlyCost,
		maxQueue: setup.maxQueue,
		availableBytes: server.runnableBytes - setup.reserveBytes,
		jobs,
		freeInSeconds: freeIn,
		modelAfterQueue: model,
		weightsAfterQueue: input.candidates.weightsKeyOf(model),
		installedFiles: setup.installedFiles,
	};
}

function modelOf(run: QueuedRun): string | null {
	if (run.kind === 'prewarm') return run.load.model.name;
	return run.kind === 'own' ? run.candidate.model.name : run.modelName;
}

/** Believed seconds of a whole run that begins with `model` resident; null: unknown. */
function believedSeconds(
	run: QueuedRun,
	model: string | null,
	server: SimServer,
	{ figures, candidates }: ViewInput,
): number | null {
	if (run.kind === 'foreign') return run.knownSeconds;
	// nobody knows more of a load than the catalog does
	if (run.kind === 'prewarm') return run.load.loadSeconds + run.load.runSeconds;
	const { job, candidate } = run;
	const index = server.setup.index;
	const warm = candidates.weightsKeyOf(model) === candidate.weightsKey;
	return (
		(warm ? 0 : figures.loadSeconds(job, candidate, index)) +
		figures.runSeconds(job, candidate, index)
	);
}

function runningView(server: SimServer, running: RunningRun, input: ViewInput): QueuedView {
	const before = running.cold ? null : modelOf(running.run);
	const total = believedSeconds(running.run, before, server, input);
	const elapsed = input.nowSeconds - running.startedAtSeconds;
	const remaining = total === null ? null : Math.max(total - elapsed, OVERRUN_SHARE * total);
	return { ...identity(running.run), remainingSeconds: remaining, running: true };
}

function pendingView(
	server: SimServer,
	run: QueuedRun,
	model: string | null,
	input: ViewInput,
): QueuedView {
	return {
		...identity(run),
		remainingSeconds: believedSeconds(run, model, server, input),
		running: false,
	};
}

function identity(run: QueuedRun): Omit<QueuedView, 'remainingSeconds' | 'running'> {
	return {
		jobId: run.kind === 'own' ? run.job.jobId : run.jobId,
		modelName: modelOf(run),
		deadlineAtSeconds: deadlineOf(run),
		queueNumber: Number.isFinite(run.number) ? run.number : 0,
	};
}

function deadlineOf(run: QueuedRun): number | null {
	if (run.kind === 'prewarm') return null;
	return run.kind === 'own' ? run.job.deadlineAtSeconds : run.deadlineAtSeconds;
}

function snapshotOf(input: ViewInput, views: readonly ServerView[]): FleetSnapshot {
	return {
		servers: input.servers.map((server, i) =>
			snapshotServer(server, views[i] as ServerView, input),
		),
	};
}

function snapshotServer(server: SimServer, view: ServerView, input: ViewInput): FleetServer {
	const { setup } = server;
	const limited = Number.isFinite(setup.vramTotalBytes);
	const residentBytes = residentBytesOf(server, input.candidates);
	return {
		name: setup.name,
		...(setup.url === undefined ? {} : { url: setup.url }),
		reachable: server.up,
		hourly_cost: setup.hourlyCost,
		gpu_group: setup.gpuGroup,
		speed_factor: setup.speedFactor,
		vram_reserve_gb: setup.reserveBytes / BYTES_PER_GB,
		max_queue: setup.maxQueue,
		devices: limited
			? [
					{
						name: 'cuda:0',
						type: 'cuda',
						vram_total: setup.vramTotalBytes,
						vram_free: Math.max(0, server.runnableBytes - residentBytes),
						torch_vram_total: Math.min(residentBytes, Math.max(0, server.runnableBytes)),
						torch_vram_free: 0,
					},
				]
			: [],
		queue: view.jobs.map((job) => ({
			job_id: job.jobId,
			model_name: job.modelName,
			remaining_seconds: job.remainingSeconds,
			deadline_seconds:
				job.deadlineAtSeconds === null ? null : job.deadlineAtSeconds - input.nowSeconds,
			queue_number: job.queueNumber,
			running: job.running,
		})),
		loaded_model: server.resident,
		installed_files: setup.installedList,
	};
}

function residentBytesOf(server: SimServer, candidates: CandidateTable): number {
	const model = candidates.catalog.models.find((entry) => entry.name === server.resident);
	return (model?.vram_gb ?? 0) * BYTES_PER_GB;
}

/** The words of a replay: trace, truth, policy, outcome. Owns no behaviour. Seconds and bytes throughout. */
import type { Catalog } from '../../lib/catalog/schema';
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { CalibrationEntry, Demand } from '../../lib/selection/types';
import type { JobCandidate } from './candidates';
import type { SeenShare } from './demand';
import type { Random } from './random';

/** One line of the trace. null: the default of the request (size: the preset's reference). */
export interface TraceJob {
	arrivalSeconds: number;
	purpose: string;
	urgency: string;
	/** From arrival. null: the urgency's own target. */
	deadlineSeconds: number | null;
	minQuality: number;
	width: number | null;
	height: number | null;
	batchSize: number;
	userId: string | null;
}

/** Memory that another process holds on a server's card for a while. */
export interface CoTenancy {
	server: string;
	at_seconds: number;
	for_seconds: number;
	bytes: number;
}

export interface Outage {
	server: string;
	at_seconds: number;
	for_seconds: number;
}

/** What the simulated GPUs really do. Factors over the catalog's figures, by model name; absent = 1. */
export interface Truth {
	time_factor: Record<string, number>;
	vram_factor: Record<string, number>;
	load_factor: Record<string, number>;
	/** Coefficient of variation of the lognormal noise on run and load times. */
	noise_cv: number;
	/** Share of jobs whose run takes `tail_factor` times as long. */
	tail_probability: number;
	tail_factor: number;
	failures: Outage[];
	co_tenant: CoTenancy[];
	/** True: too little VRAM makes a run five times as long and never fails it. */
	dynamic_vram: boolean;
}

/** A job as a policy sees it. */
export interface PendingJob {
	/** Position in the trace. */
	index: number;
	jobId: string;
	trace: TraceJob;
	arrivedAtSeconds: number;
	deadlineAtSeconds: number;
	/** Models that ran out of memory on this job. */
	excludedModels: ReadonlySet<string>;
}

/** What a policy may ask about times and memory: believed figures, or the true ones for the clairvoyant. */
export interface Figures {
	/** Warm run on this server. */
	runSeconds(job: PendingJob, candidate: JobCandidate, serverIndex: number): number;
	loadSeconds(job: PendingJob, candidate: JobCandidate, serverIndex: number): number;
	peakBytes(job: PendingJob, candidate: JobCandidate, serverIndex: number): number;
}

export interface QueuedView {
	jobId: string;
	modelName: string | null;
	/** Load included, given what the job before it leaves; null: unknown. */
	remainingSeconds: number | null;
	deadlineAtSeconds: number | null;
	queueNumber: number;
	running: boolean;
}

export interface ServerView {
	index: number;
	name: string;
	reachable: boolean;
	speedFactor: number;
	/** null: no price known. */
	hourlyCost: number | null;
	maxQueue: number | null;
	/** Memory that a run can get, the reserve taken off. */
	availableBytes: number;
	/** Running and pending, in running order. */
	jobs: readonly QueuedView[];
	/** Until everything queued now is done. */
	freeInSeconds: number;
	/** What a job appended now finds in VRAM. */
	modelAfterQueue: string | null;
	/** The key of its weights: what tells warm from cold. */
	weightsAfterQueue: string | null;
	installedFiles: ReadonlySet<string> | null;
}

/** The fleet at one moment, as the policy may know it. */
export interface FleetView {
	nowSeconds: number;
	servers: readonly ServerView[];
	figures: Figures;
	/** The candidates that the request itself allows (purpose, floor, size, inputs, exclusions). */
	candidates(job: PendingJob): readonly JobCandidate[];
	/** True where every model for this purpose works on a given image. */
	needsImage(purpose: string): boolean;
	demand: Demand;
	/** What jobs have lately asked for, and how many they were. */
	kinds(): SeenShare[];
	calibration: readonly CalibrationEntry[];
	/** The same state in the public shape. */
	snapshot(): FleetSnapshot;
}

export interface Placement {
	candidate: JobCandidate;
	serverIndex: number;
	/** ComfyUI's `number`; null or absent: the server counts. */
	queueNumber?: number | null;
}

/** Weights to load on an idle server, before anybody asks for them. */
export interface Prewarm {
	modelName: string;
	serverIndex: number;
}

interface Tending {
	/** What to load ahead, asked for every now and then while no job waits. */
	tend?(view: FleetView): Prewarm[];
}

/** Binds a job to a server when it arrives. null: refused. */
export interface CommitPolicy extends Tending {
	readonly kind: 'commit';
	decide(job: PendingJob, view: FleetView): Placement | null;
}

/** Holds jobs back and starts them when it likes. */
export interface LatePolicy extends Tending {
	readonly kind: 'late';
	dispatch(waiting: readonly PendingJob[], view: FleetView): DispatchDecision;
}

export interface DispatchDecision {
	start: { job: PendingJob; placement: Placement }[];
	refuse?: PendingJob[];
	/** Ask again after this time even if nothing happens. */
	wakeInSeconds?: number;
}

export type Policy = CommitPolicy | LatePolicy;

export interface PolicyContext {
	catalog: Catalog;
	serverCount: number;
	/** Sum of the servers' speed factors. */
	fleetSpeed: number;
	random: Random;
}

export interface PolicyDefinition {
	name: string;
	/** One sentence for tables and help. */
	summary: string;
	/** Figures its view is made of. */
	knows: 'beliefs' | 'truth';
	/** Its believed figures are corrected by what finished jobs showed. */
	learns: boolean;
	create(context: PolicyContext): Policy;
}

export interface ReplayInput {
	catalog: Catalog;
	fleet: FleetSnapshot;
	trace: readonly TraceJob[];
	truth: Truth;
	seed: number;
	policy: PolicyDefinition;
	/** Let a policy that learns do so. Default true. */
	calibration?: boolean;
}

export type JobStatus = 'done' | 'rejected' | 'failed';

/** How one job ended. */
export interface JobOutcome {
	index: number;
	status: JobStatus;
	onTime: boolean;
	/** Of the candidate that ran; 0 when none did. */
	quality: number;
	modelName: string | null;
	preset: string | null;
	serverIndex: number | null;
	arrivedAtSeconds: number;
	deadlineAtSeconds: number;
	/** Start of the run that finished it. */
	startedAtSeconds: number | null;
	endedAtSeconds: number;
	loadSeconds: number;
	runSeconds: number;
	attempts: number;
	/** Memory that a run could get on its server when it started there. */
	roomBytes: number;
	/** The least of it that would have done for the job, by the truth. */
	leastBytes: number;
}

export interface OomEvent {
	jobIndex: number;
	serverIndex: number;
	modelName: string;
	atSeconds: number;
	/** It would have fitted in the memory that was there when the job was bound to the server. */
	tookAfterCommitment: boolean;
}

export interface ReplayResult {
	policy: string;
	outcomes: JobOutcome[];
	ooms: OomEvent[];
	swaps: number;
	/** Device occupied by this trace's jobs (loads, failed and lost runs included). */
	busySeconds: number[];
	/** In money, or GPU seconds where no server has a price. */
	costTotal: number;
	/** From the first arrival to the last end. */
	spanSeconds: number;
	decisions: number;
}

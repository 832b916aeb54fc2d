/** What a waiting room takes in and gives out. Types, and the few facts about them. */
import type { FleetSnapshot } from '../../lib/fleet/types';
import type { SelectionRequest } from '../../lib/request/schema';
import type {
	CalibrationEntry,
	Demand,
	FeedbackEntry,
	QuotaState,
	SelectedDecision,
	Selection,
	WaitingJob,
} from '../../lib/selection/types';
import type { Claim } from './claims';
import type { Patience } from './types';

/** A job that wants to be decided. */
export interface HeldJob {
	/** Unique among all rooms, so that two executions may use the same job_id. */
	key: string;
	/** With absolute deadline. */
	request: Record<string, unknown>;
	/** What of the request was written differently: shown again in the selection. */
	asked: Partial<SelectionRequest>;
	arrivedMs: number;
	deadlineMs: number;
	/** Decide at once, whatever is queued. */
	commit: boolean;
	/** Ask for what an idle fleet would be given, and hold to it. */
	fixed: boolean;
	onWaiting: (news: WaitingJob) => void;
}

export type Decided =
	| { selection: SelectedDecision; claim: Claim; fleet: FleetSnapshot }
	| { selection: Selection; claim: null };

/** A job in the room. */
export interface Entry {
	job: HeldJob;
	decide: (decided: Decided) => void;
	fail: (error: unknown) => void;
	/** It was part of a plan before. */
	isPlanned: boolean;
	/** Since when nothing can take it. */
	stuckSinceMs: number | null;
	/** A turn that others gave it could not be used: it is no longer planned for by them. */
	isAlone: boolean;
}

export interface RoomOptions {
	calibration?: CalibrationEntry[];
	demand?: Demand;
	quotas?: QuotaState[];
	feedback?: FeedbackEntry[];
	patience: Patience;
}

/** As it is told to other processes: what a plan needs, no text and no file name of the caller. */
export function withoutContent(request: Record<string, unknown>): Record<string, unknown> {
	const { negative_prompt: negative, images, mask } = request;
	const rest = { ...request, prompt: undefined, job_id: undefined };
	return {
		...rest,
		explain: false,
		...(negative ? { negative_prompt: 'given' } : {}),
		...(Array.isArray(images) ? { images: images.map((_image, n) => `image ${n}`) } : {}),
		...(mask ? { mask: 'given' } : {}),
	};
}

/** The selection as the caller asked for it, not as the room wrote it down. */
export function asAsked(selection: Selection, job: HeldJob): Selection {
	const jobId = String(job.request['job_id']);
	const request = { ...selection.request, ...job.asked, job_id: jobId };
	return { ...selection, job_id: jobId, request } as Selection;
}

/** The refusal may be gone a moment later. */
export function isPassing({ rejection }: Selection): boolean {
	return ['UNREACHABLE', 'VRAM', 'VRAM_OFFLOAD', 'QUEUE_FULL'].includes(rejection?.code ?? '');
}

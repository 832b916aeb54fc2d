/** One decision: request and fleet in, selection out. Owns the order of the steps; each step lives in its own file. */
import { percentile95 } from '../estimate/log-normal';
import { parseFleet } from '../fleet/parse';
import type {
	Estimate,
	RejectedDecision,
	Rejection,
	SelectedDecision,
	Selection,
	SelectOptions,
} from '../selection/types';
import { alternativesOf } from './alternatives';
import { checkOptions } from './check-options';
import type { Candidate, CandidateTable } from './candidate';
import { candidatesOf, type DecisionInput } from './decision';
import { Exclusions } from './exclusions';
import { explore, type Tried } from './exploration';
import { isBelowIdle, QUALITY_TIE } from './idle-choice';
import { type Load, loadOn } from './load-price';
import { choose, type Choice } from './policy';
import type { PreparedCatalog } from './prepared-catalog';
import { queuePlaces } from './queue-place';
import { quotaReason, selectionReason } from './reason';
import { lateRefusal, LATE_BELOW, refusal, refusalThreshold } from './rejection';
import { serverStates } from './server-state';
import { type UnderstoodRequest, understandRequest } from './understood-request';

export function selectFor(
	prepared: PreparedCatalog,
	request: unknown,
	snapshot: unknown,
	options: SelectOptions,
): Selection {
	checkOptions(options);
	const fleet = parseFleet(snapshot);
	const asked = understandRequest(request, prepared, options.nowMs);
	const states = serverStates(fleet, prepared);
	const places = queuePlaces(states, prepared);
	return decide({ prepared, asked, fleet, states, places, options });
}

function decide(input: DecisionInput): Selection {
	const { asked, options } = input;
	const exclusions = asked.request.explain ? new Exclusions() : null;
	const table = candidatesOf(input, exclusions);
	const load = loadOn(table, input.prepared, options.demand);
	const merits = choiceUnder(load, table, asked);
	if (merits === null) return rejectionOf(input, table);
	const tried = explore(table, merits, asked, options.exploration);
	const choice =
		tried?.explored === true ? { ...merits, row: tried.row, explored: tried.probability } : merits;
	const wanted = refusedBelow(asked, choice);
	const alternatives =
		exclusions === null ? [] : alternativesOf({ table, choice, exclusions, asked, wanted });
	if (wanted !== undefined) return rejected(input, lateRefusal(table, asked), alternatives);
	const selection = selected(input, choice, table, load, alternatives);
	return tried === null ? selection : withExploration(selection, tried);
}

/** The P(on time) that is wanted, where lateness is refused and nothing reaches it. */
function refusedBelow(asked: UnderstoodRequest, choice: Choice): number | undefined {
	const wanted = refusalThreshold(asked);
	return asked.request.if_late === 'reject' && choice.highest < wanted ? wanted : undefined;
}

function choiceUnder(
	load: Load | null,
	table: CandidateTable,
	asked: UnderstoodRequest,
): Choice | null {
	const noneBelow = asked.request.if_late === 'reject' ? refusalThreshold(asked) : 0;
	return choose(table, table.asIs, asked.policy, asked.onTimeTarget, load, {
		refusedBelow: noneBelow,
	});
}

/**
 * The answer for a row that was chosen elsewhere (a plan over several jobs). Explained against what the policy would
 * say of this job alone.
 */
export function selectionOfRow(
	input: DecisionInput,
	table: CandidateTable,
	row: number,
): Selection {
	const { asked, options } = input;
	const load = loadOn(table, input.prepared, options.demand);
	const alone = choiceUnder(load, table, asked) as Choice;
	if (refusedBelow(asked, alone) !== undefined) {
		return rejected(input, lateRefusal(table, asked), []);
	}
	const choice = { ...alone, row };
	const exclusions = asked.request.explain ? new Exclusions() : null;
	if (exclusions !== null) candidatesOf(input, exclusions);
	const alternatives =
		exclusions === null ? [] : alternativesOf({ table, choice, exclusions, asked });
	return selected(input, choice, table, load, alternatives);
}

/** Filters once more, this time to know why nothing passed. */
export function rejectionOf(input: DecisionInput, table: CandidateTable): RejectedDecision {
	const exclusions = new Exclusions();
	candidatesOf(input, exclusions);
	const { prepared, asked, fleet } = input;
	const alternatives = asked.request.explain
		? alternativesOf({ table, choice: null, exclusions, asked })
		: [];
	return rejected(input, refusal(exclusions, { prepared, asked, fleet }), alternatives);
}

function rejected(
	input: DecisionInput,
	rejection: Rejection,
	alternatives: Selection['alternatives'],
): RejectedDecision {
	return {
		decision: 'rejected',
		...common(input),
		selection_reason: rejection.message,
		rejection,
		alternatives,
	};
}

function common(
	input: DecisionInput,
): Pick<Selection, 'job_id' | 'request' | 'selected_at' | 'deadline_at'> {
	const { asked, options } = input;
	return {
		job_id: asked.request.job_id ?? null,
		request: asked.request,
		selected_at: new Date(options.nowMs).toISOString(),
		deadline_at: new Date(options.nowMs + asked.deadlineSeconds * 1000).toISOString(),
	};
}

function selected(
	input: DecisionInput,
	choice: Choice,
	table: CandidateTable,
	load: Load | null,
	alternatives: Selection['alternatives'],
): SelectedDecision {
	const { asked } = input;
	const candidate = table.at(choice.row);
	const loaded = load !== null || input.fleet.servers.some((server) => server.queue.length > 0);
	const { quota } = table;
	const byQuota = quota !== undefined && candidate.quality < quota.quality - QUALITY_TIE;
	const byLoad = loaded && isBelowIdle(input, table, candidate.quality);
	const reason = selectionReason(candidate, choice, asked, load?.price ?? 0, byLoad);
	return {
		decision: 'selected',
		...common(input),
		...chosen(candidate, asked),
		degraded: byLoad || byQuota,
		selection_reason: quota === undefined ? reason : `${reason} ${quotaReason(quota.miss)}`,
		rejection: null,
		alternatives,
	};
}

function withExploration(
	selection: SelectedDecision,
	{ explored, probability }: Tried,
): SelectedDecision {
	return { ...selection, exploration: { explored, probability } };
}

type Chosen = Omit<
	SelectedDecision,
	| 'decision'
	| 'job_id'
	| 'request'
	| 'selected_at'
	| 'deadline_at'
	| 'degraded'
	| 'exploration'
	| 'selection_reason'
	| 'rejection'
	| 'alternatives'
>;

/** What a candidate means for whoever runs it. */
export function chosen(candidate: Candidate, asked: UnderstoodRequest): Chosen {
	const { plan, server } = candidate;
	const { request } = asked;
	const { preset } = plan.prepared;
	return {
		model_name: plan.model.name,
		preset: preset.name,
		server: server.name,
		server_url: server.url,
		files: plan.model.model.files,
		parameters: {
			steps: plan.steps,
			cfg: plan.cfg,
			sampler_name: request.sampler_name ?? preset.sampler_name,
			scheduler: request.scheduler ?? preset.scheduler,
			width: plan.width,
			height: plan.height,
			batch_size: request.batch_size,
			seed: request.seed ?? null,
			denoise: request.denoise,
			prompt: request.prompt,
			negative_prompt: request.negative_prompt,
			loras: preset.loras,
		},
		estimate: estimateOf(candidate),
		queue_number: server.queueNumber,
		late: candidate.onTime < LATE_BELOW,
	};
}

function estimateOf(candidate: Candidate): Estimate {
	return {
		queue_seconds: candidate.server.waitMean,
		load_seconds: candidate.loadSeconds,
		run_seconds: candidate.runSeconds,
		p50_seconds: candidate.p50,
		p95_seconds: percentile95(candidate.totalMean, candidate.totalVariance),
		on_time_probability: candidate.onTime,
		quality: candidate.quality,
		cost: candidate.cost,
		cost_unit: candidate.costUnit,
		vram_peak_bytes: Math.round(candidate.peakBytes),
	};
}

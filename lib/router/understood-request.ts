/** A request read against the catalog: names resolved to figures, defaults filled. Decides nothing. */
import type { Policy } from '../catalog/schema';
import { invalidInput, type Problem } from '../errors';
import { requestSchema, type SelectionRequest, withoutNulls } from '../request/schema';
import { SAMPLERS, SCHEDULERS } from '../samplers';
import { closest } from '../schema/did-you-mean';
import { problemsOf } from '../schema/problems';
import { cleanText } from '../text';
import type { PreparedCatalog } from './prepared-catalog';

/** Nothing that is estimated is certain: a catalog that wants 1 gets this. */
const MOST_CERTAIN = 1 - 1e-9;
/** Of a name that is not known. */
const SHOWN_CHARACTERS = 80;

export interface UnderstoodRequest {
	request: SelectionRequest;
	/** From the moment of asking; zero or less when the deadline has passed. */
	deadlineSeconds: number;
	/** What the urgency grants where a request names no deadline. */
	targetSeconds: number;
	policy: Policy;
	/** Probability of being on time that the policy wants, 0 to 1. */
	onTimeTarget: number;
	/** Least quality, 0 to 1. */
	qualityFloor: number;
	hasNegativePrompt: boolean;
	/** The job cannot be done without an input image. */
	needsImage: boolean;
	needsMask: boolean;
	exclude: ReadonlySet<string> | null;
}

const NO_EXCLUSIONS = null;

/**
 * @param input the request as written
 * @param nowMs the moment of asking, milliseconds since the epoch
 * @throws RouterError REQUEST_INVALID with every problem
 */
export function understandRequest(
	input: unknown,
	prepared: PreparedCatalog,
	nowMs: number,
): UnderstoodRequest {
	const written = withoutNulls(input);
	const parsed = requestSchema.safeParse(written);
	if (!parsed.success)
		throw invalidInput(
			'REQUEST_INVALID',
			'The request',
			problemsOf(parsed.error, { schema: requestSchema, input: written }),
		);
	const request = parsed.data as SelectionRequest;
	const urgency = prepared.urgencies.get(request.urgency);
	const tierFloor = request.quality == null ? 0 : prepared.qualityTiers.get(request.quality);
	const problems = unknownNames(request, prepared);
	if (urgency === undefined || tierFloor === undefined || problems.length > 0) {
		throw invalidInput('REQUEST_INVALID', 'The request', problems);
	}
	const qualityFloor = request.min_quality ?? tierFloor;
	request.min_quality = qualityFloor;
	return {
		request,
		deadlineSeconds: deadlineSeconds(request, urgency.target_seconds, nowMs),
		targetSeconds: urgency.target_seconds,
		policy: urgency.policy,
		onTimeTarget: Math.min(urgency.on_time_probability, MOST_CERTAIN),
		qualityFloor,
		hasNegativePrompt: request.negative_prompt.trim() !== '',
		needsImage: request.purpose === 'edit' || request.images.length > 0 || request.mask != null,
		needsMask: request.mask != null,
		exclude: request.exclude_models.length === 0 ? NO_EXCLUSIONS : new Set(request.exclude_models),
	};
}

function deadlineSeconds(request: SelectionRequest, target: number, nowMs: number): number {
	if (request.deadline_seconds != null) return request.deadline_seconds;
	if (request.deadline_at != null) return (Date.parse(request.deadline_at) - nowMs) / 1000;
	return target;
}

/** Names that neither the catalog nor ComfyUI knows. */
function unknownNames(request: SelectionRequest, prepared: PreparedCatalog): Problem[] {
	const problems: Problem[] = [];
	if (!prepared.urgencies.has(request.urgency)) {
		problems.push(unknownName('urgency', request.urgency, [...prepared.urgencies.keys()]));
	}
	if (request.quality != null && !prepared.qualityTiers.has(request.quality)) {
		problems.push(unknownName('quality', request.quality, [...prepared.qualityTiers.keys()]));
	}
	const { sampler_name: sampler, scheduler } = request;
	if (sampler != null && !prepared.samplers.has(sampler)) {
		problems.push(unknownToComfyUi('sampler_name', sampler, SAMPLERS));
	}
	if (scheduler != null && !prepared.schedulers.has(scheduler)) {
		problems.push(unknownToComfyUi('scheduler', scheduler, SCHEDULERS));
	}
	return problems;
}

function unknownName(path: string, value: string, known: string[]): Problem {
	return {
		path,
		message: `the catalog has no ${path} named "${cleanText(value, SHOWN_CHARACTERS)}"`,
		hint: `Use one of: ${known.join(', ')}; or add it to the catalog.`,
	};
}

function unknownToComfyUi(path: string, value: string, known: readonly string[]): Problem {
	const meant = closest(value, [...known]);
	return {
		path,
		message: `"${cleanText(value, SHOWN_CHARACTERS)}" is neither one of ComfyUI's own nor named in a preset of the catalog`,
		hint: `${meant === null ? '' : `Did you mean "${meant}"? `}One that an extension adds becomes known by naming it in a preset. ComfyUI's own: ${known.join(', ')}.`,
	};
}

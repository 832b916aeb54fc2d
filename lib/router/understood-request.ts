/** A request read against the catalog: names resolved to figures, defaults filled. Decides nothing. */
import type { Policy } from '../catalog/schema';
import { invalidInput, type Problem } from '../errors';
import { requestSchema, type SelectionRequest } from '../request/schema';
import { problemsOf } from '../schema/problems';
import type { PreparedCatalog } from './prepared-catalog';

export interface UnderstoodRequest {
	request: SelectionRequest;
	/** From the moment of asking; zero or less when the deadline has passed. */
	deadlineSeconds: number;
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
	const parsed = requestSchema.safeParse(input);
	if (!parsed.success)
		throw invalidInput(
			'REQUEST_INVALID',
			'The request',
			problemsOf(parsed.error, { schema: requestSchema, input }),
		);
	const request = parsed.data as SelectionRequest;
	const urgency = prepared.urgencies.get(request.urgency);
	const tierFloor = request.quality == null ? 0 : prepared.qualityTiers.get(request.quality);
	if (urgency === undefined || tierFloor === undefined) throw unknownNames(request, prepared);
	return {
		request,
		deadlineSeconds: deadlineSeconds(request, urgency.target_seconds, nowMs),
		policy: urgency.policy,
		onTimeTarget: urgency.on_time_probability,
		qualityFloor: request.min_quality ?? tierFloor,
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

function unknownNames(request: SelectionRequest, prepared: PreparedCatalog): Error {
	const problems: Problem[] = [];
	if (!prepared.urgencies.has(request.urgency)) {
		problems.push(unknownName('urgency', request.urgency, [...prepared.urgencies.keys()]));
	}
	if (request.quality != null && !prepared.qualityTiers.has(request.quality)) {
		problems.push(unknownName('quality', request.quality, [...prepared.qualityTiers.keys()]));
	}
	return invalidInput('REQUEST_INVALID', 'The request', problems);
}

function unknownName(path: string, value: string, known: string[]): Problem {
	return {
		path,
		message: `the catalog has no ${path} named "${value}"`,
		hint: `Use one of: ${known.join(', ')}; or add it to the catalog.`,
	};
}

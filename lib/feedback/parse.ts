/** Opinions as people and forms give them, made one form: 1 to 5, 0 to 1, a thumb, or the better of two. */
import { z } from 'zod/v4';

import { invalidInput } from '../errors';
import { problemsOf } from '../schema/problems';
import type { Opinion } from './types';

const id = z.string().trim().min(1).max(500);
const optionalText = z.string().max(500).nullish();

const opinionSchema = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('stars'),
		job_id: id,
		stars: z.coerce.number().min(1).max(5),
		user_id: optionalText,
		token: optionalText,
	}),
	z.object({
		kind: z.literal('score'),
		job_id: id,
		score: z.coerce.number().min(0).max(1),
		user_id: optionalText,
		token: optionalText,
	}),
	z.object({
		kind: z.literal('thumb'),
		job_id: id,
		thumb: z.enum(['up', 'down']),
		user_id: optionalText,
		token: optionalText,
	}),
	z.object({
		kind: z.literal('preference'),
		job_id: id,
		other_job_id: id,
		user_id: optionalText,
		token: optionalText,
	}),
]);

export type OpinionInput = z.input<typeof opinionSchema>;

const HINT =
	'Give job_id and one of: stars from 1 to 5, a score from 0 to 1, thumb "up" or "down", or other_job_id, the job that was liked less.';

/** One star is 0, five are 1. */
const LEAST_STARS = 1;
const STARS_SPAN = 4;

/**
 * @param input `kind` (stars, score, thumb, preference) with its fields
 * @throws RouterError FEEDBACK_INVALID naming every fault
 */
export function parseOpinion(input: unknown): Opinion {
	const result = opinionSchema.safeParse(input);
	if (!result.success) {
		const problems = problemsOf(result.error).map((problem) => ({ ...problem, hint: HINT }));
		throw invalidInput('FEEDBACK_INVALID', 'The feedback', problems);
	}
	const given = result.data;
	const common = {
		jobId: given.job_id,
		userId: given.user_id?.trim() || null,
		token: given.token ?? null,
		otherJobId: null,
	};
	switch (given.kind) {
		case 'stars':
			return { ...common, kind: 'rating', rating: (given.stars - LEAST_STARS) / STARS_SPAN };
		case 'score':
			return { ...common, kind: 'rating', rating: given.score };
		case 'thumb':
			return { ...common, kind: 'thumb', rating: given.thumb === 'up' ? 1 : 0 };
		case 'preference':
			if (given.other_job_id === given.job_id) throw sameJob();
			return { ...common, kind: 'preference', rating: null, otherJobId: given.other_job_id };
	}
}

/** What a link's token stands for: the job, or of a preference both jobs in this order. */
export function tokenSubject(jobId: string, otherJobId: string | null): string {
	return otherJobId === null ? jobId : `${jobId}\n${otherJobId}`;
}

function sameJob(): Error {
	return invalidInput('FEEDBACK_INVALID', 'The feedback', [
		{ path: 'other_job_id', message: 'is the same job', hint: HINT },
	]);
}

import { describe, expect, it } from 'vitest';

import { parseOpinion, tokenSubject } from '../../../lib/feedback/parse';

describe('opinions as given', () => {
	it.each([
		[{ kind: 'stars', stars: 1 }, 'rating', 0],
		[{ kind: 'stars', stars: '4' }, 'rating', 0.75],
		[{ kind: 'stars', stars: 5 }, 'rating', 1],
		[{ kind: 'score', score: 0.3 }, 'rating', 0.3],
		[{ kind: 'thumb', thumb: 'up' }, 'thumb', 1],
		[{ kind: 'thumb', thumb: 'down' }, 'thumb', 0],
	])('%j is a %s of %d', (given, kind, rating) => {
		expect(parseOpinion({ job_id: ' j ', ...given })).toEqual({
			jobId: 'j',
			userId: null,
			kind,
			rating,
			otherJobId: null,
			token: null,
		});
	});

	it('a preference names both jobs', () => {
		expect(
			parseOpinion({
				kind: 'preference',
				job_id: 'a',
				other_job_id: 'b',
				user_id: 'u',
				token: 't',
			}),
		).toEqual({
			jobId: 'a',
			userId: 'u',
			kind: 'preference',
			rating: null,
			otherJobId: 'b',
			token: 't',
		});
		expect(tokenSubject('a', 'b')).not.toBe(tokenSubject('b', 'a'));
	});

	it.each([
		[{ kind: 'stars', job_id: 'j', stars: 0 }, 'stars'],
		[{ kind: 'stars', job_id: 'j', stars: 'many' }, 'stars'],
		[{ kind: 'score', job_id: 'j', score: 1.5 }, 'score'],
		[{ kind: 'thumb', job_id: 'j', thumb: 'sideways' }, 'thumb'],
		[{ kind: 'thumb', job_id: '', thumb: 'up' }, 'job_id'],
		[{ kind: 'preference', job_id: 'j', other_job_id: 'j' }, 'other_job_id'],
		[{ kind: 'nod', job_id: 'j' }, 'kind'],
	])('%j is refused, naming %s', (given, path) => {
		expect(() => parseOpinion(given)).toThrow(
			expect.objectContaining({
				code: 'FEEDBACK_INVALID',
				problems: [
					expect.objectContaining({ path, hint: expect.stringContaining('stars from 1 to 5') }),
				],
			}),
		);
	});
});

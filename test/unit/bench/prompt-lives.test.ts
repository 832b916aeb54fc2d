/** Which jobs the queue-mode storm says were submitted once too often. */
import { describe, expect, it } from 'vitest';

import { livesOf, redone, storyOf, submittedInVain } from '../../../bench/queue-mode/prompt-lives';
import { ownJobData } from '../../../lib/fleet/own-jobs';
import type { StandInEvent } from '../../../simulator/comfyui/events';

const JOB = 'job-1';

const submitted = (promptId: string, atMs: number, jobId = JOB): StandInEvent => ({
	atMs,
	type: 'submitted',
	promptId,
	extraData: ownJobData({ job_id: jobId, deadline_at: null }),
});
const ended = (
	type: 'finished' | 'interrupted' | 'failed' | 'deleted',
	promptId: string,
	atMs: number,
): StandInEvent => ({ type, promptId, atMs });
const killed = (atMs: number): StandInEvent => ({ type: 'killed', atMs });

describe('a job whose prompt is submitted again', () => {
	it.each(['interrupted', 'failed', 'deleted'] as const)(
		'is right after the first one was %s',
		(type) => {
			const lives = livesOf([[submitted('a', 1), ended(type, 'a', 5)], [submitted('b', 5)]]);

			expect(submittedInVain(lives)).toEqual([]);
			expect(redone(lives)).toBe(1);
		},
	);

	it('is right after its server died, even where it had finished: the result is gone', () => {
		const lives = livesOf([
			[submitted('a', 1), ended('finished', 'a', 4), killed(5)],
			[submitted('b', 6), ended('finished', 'b', 9)],
		]);

		expect(submittedInVain(lives)).toEqual([]);
	});

	it('is once too often while the first one runs, and after it finished', () => {
		const running = livesOf([[submitted('a', 1), ended('failed', 'a', 9)], [submitted('b', 5)]]);
		const finished = livesOf([[submitted('a', 1), ended('finished', 'a', 4)], [submitted('b', 5)]]);

		expect(submittedInVain(running)).toEqual([JOB]);
		expect(submittedInVain(finished)).toEqual([JOB]);
	});

	it('is once too often where the server died only later, and what happened can be read', () => {
		const lives = livesOf([
			[submitted('a', 1_000), ended('finished', 'a', 3_000), killed(9_000)],
			[submitted('b', 5_000)],
		]);

		expect(submittedInVain(lives)).toEqual([JOB]);
		expect(storyOf(lives, JOB)).toBe(
			'job-1: server 1: submitted 0.00 s, finished 2.00 s, killed 8.00 s; server 2: submitted 4.00 s',
		);
	});

	it('has nothing to do with other jobs, nor with prompts of others', () => {
		const foreign: StandInEvent = { atMs: 1, type: 'submitted', promptId: 'x', extraData: {} };
		const lives = livesOf([[foreign, submitted('a', 1)], [submitted('b', 2, 'job-2')]]);

		expect(lives).toHaveLength(2);
		expect(submittedInVain(lives)).toEqual([]);
		expect(redone(lives)).toBe(0);
	});
});

/**
 * What became of every prompt, from the servers' own event logs, and which jobs were submitted once too often. Knows nothing
 * of our own tables, so that it can contradict them.
 */
import { readOwnJob } from '../../lib/fleet/own-jobs';
import type { StandInEvent } from '../../simulator/comfyui/events';

export interface PromptLife {
	jobId: string;
	promptId: string;
	/** Its index among the servers. */
	server: number;
	submittedMs: number;
	/** In order; a server's death ends the life of all its prompts, of finished ones too: its history is gone. */
	ends: { type: LifeEnd; atMs: number }[];
}

type LifeEnd = 'finished' | 'interrupted' | 'failed' | 'deleted' | 'killed';

/** After these there is no image of the prompt, and none will come. */
const WITHOUT_IMAGE: readonly LifeEnd[] = ['interrupted', 'failed', 'deleted', 'killed'];

/** @param logs of each server, in order of time @returns of our own jobs only, by the time of submission */
export function livesOf(logs: readonly (readonly StandInEvent[])[]): PromptLife[] {
	return logs
		.flatMap((log, server) => livesOnOne(log, server))
		.sort((a, b) => a.submittedMs - b.submittedMs);
}

function livesOnOne(log: readonly StandInEvent[], server: number): PromptLife[] {
	const lives = new Map<string, PromptLife>();
	for (const event of log) {
		const { atMs } = event;
		switch (event.type) {
			case 'submitted': {
				const jobId = readOwnJob(event.extraData)?.job_id;
				const { promptId } = event;
				if (jobId) lives.set(promptId, { jobId, promptId, server, submittedMs: atMs, ends: [] });
				break;
			}
			case 'killed':
				for (const life of lives.values()) life.ends.push({ type: 'killed', atMs });
				break;
			case 'finished':
			case 'interrupted':
			case 'failed':
			case 'deleted':
				lives.get(event.promptId)?.ends.push({ type: event.type, atMs });
		}
	}
	return [...lives.values()];
}

/** @returns ids of the jobs that were submitted again while an earlier prompt of theirs had, or could still bring, the image */
export function submittedInVain(lives: readonly PromptLife[]): string[] {
	return [...byJob(lives)]
		.filter(([, own]) =>
			own.some((life, n) => own.slice(0, n).some((earlier) => !isLost(earlier, life.submittedMs))),
		)
		.map(([jobId]) => jobId);
}

/** @returns how many jobs were submitted again, rightly or not */
export function redone(lives: readonly PromptLife[]): number {
	return [...byJob(lives).values()].filter((own) => own.length > 1).length;
}

function isLost(life: PromptLife, atMs: number): boolean {
	return life.ends.some((end) => WITHOUT_IMAGE.includes(end.type) && end.atMs <= atMs);
}

/** A job's prompts in one line, for a reader who wants to know why. */
export function storyOf(lives: readonly PromptLife[], jobId: string): string {
	const own = lives.filter((life) => life.jobId === jobId);
	const fromMs = own[0]?.submittedMs ?? 0;
	const seconds = (atMs: number) => `${((atMs - fromMs) / 1000).toFixed(2)} s`;
	const prompts = own.map(
		({ server, submittedMs, ends }) =>
			`server ${server + 1}: submitted ${seconds(submittedMs)}` +
			ends.map(({ type, atMs }) => `, ${type} ${seconds(atMs)}`).join(''),
	);
	return `${jobId}: ${prompts.join('; ')}`;
}

const MEMORY_STORY_MS = 6_000;
const MEMORY_EVENTS = ['submitted', 'started', 'model_loaded', 'vram', 'oom', 'finished', 'killed'];

/** Of every time that a GPU's memory ran out: what its servers did in the seconds before, a line each. */
export function memoryStories(logs: readonly (readonly StandInEvent[])[]): string[] {
	return logs.flatMap((log, server) =>
		log
			.filter(({ type }) => type === 'oom')
			.map(({ atMs }) => `server ${server + 1} ran out of memory:\n${lastWords(logs, atMs)}`),
	);
}

function lastWords(logs: readonly (readonly StandInEvent[])[], untilMs: number): string {
	return logs
		.flatMap((log, server) =>
			log
				.filter(({ type }) => MEMORY_EVENTS.includes(type))
				.filter(({ atMs }) => atMs <= untilMs && atMs > untilMs - MEMORY_STORY_MS)
				.map(({ atMs, ...event }) => ({ atMs, text: `s${server + 1} ${JSON.stringify(event)}` })),
		)
		.sort((a, b) => a.atMs - b.atMs)
		.map(({ atMs, text }) => `${((atMs - untilMs) / 1000).toFixed(3)} s ${text}`)
		.join('\n');
}

function byJob(lives: readonly PromptLife[]): Map<string, PromptLife[]> {
	const jobs = new Map<string, PromptLife[]>();
	for (const life of lives) jobs.set(life.jobId, [...(jobs.get(life.jobId) ?? []), life]);
	return jobs;
}

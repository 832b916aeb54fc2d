/**
 * One try of a job on one server: submitted, followed to its end, stopped where that is decided. Owns that what it began
 * is ended with it; whether there is another try is not its business.
 */
import { afterHearing, type AttemptState } from '../../lib/execution/attempt-state';
import { ownJobData } from '../../lib/fleet/own-jobs';
import type { Clock } from '../../lib/ports';
import type { ApiGraph } from '../../lib/workflow/graph';
import { type AttemptEnd, endOf, refusedEnd, submittedEnd } from './attempt-end';
import type { Claim } from './claims';
import type { PromptNews, ServerWatch } from './server-watch';
import { submitSafely, takeBack } from './submit-safely';
import { untilEnd } from './until-end';
import type { GenerateServer } from './types';

export interface AttemptInput {
	server: GenerateServer;
	watch: ServerWatch;
	clock: Clock;
	claim: Claim;
	promptId: string;
	graph: ApiGraph;
	/** ComfyUI's `number`, or undefined: behind all that is queued. */
	number?: number;
	deadlineAt: string;
	/** False: done as soon as the server has it. */
	follow: boolean;
	/** Stop it at this moment, done or not, ms since the epoch; null: never. */
	stopAtMs: number | null;
	/** Cancels the job: the prompt is taken back at once. */
	signal?: AbortSignal;
	onSubmitted: () => void | Promise<void>;
	onNews: (news: PromptNews) => void;
	/** Asked after each step; true: stop this prompt now. */
	shouldStop: () => boolean;
}

/** An interrupt is repeated where the prompt is still there: it acts at the next step only. */
const STOP_REPEAT_MS = 1_000;
const STOP_REPEATS = 20;

/** @returns never rejects for a server's fault; rejects with the signal's reason when cancelled */
export async function runAttempt(input: AttemptInput): Promise<AttemptEnd> {
	const { watch, promptId, signal, server } = input;
	let state: AttemptState = 'submitted';
	const stopping = new Stopping(input);
	const following = watch.follow(promptId, (news) => {
		state = afterHearing(state, news.type === 'queued' ? 'queued' : 'running');
		hear(input, news);
		if (news.type === 'progress' && input.shouldStop()) stopping.begin();
	});
	const cancel = () => void takeBack(server, [promptId]);
	signal?.addEventListener('abort', cancel, { once: true });
	try {
		signal?.throwIfAborted();
		const submitted = await submitSafely(server, submission(input), input.clock, signal);
		if (signal?.aborted) {
			await takeBack(server, [promptId]);
			throw signal.reason;
		}
		if (!submitted.accepted) return refusedEnd(submitted.setback, submitted.error);
		input.claim.submittedMs = input.clock.nowMs();
		following.submitted();
		await input.onSubmitted();
		if (!input.follow) return submittedEnd();
		stopping.beginAt(input.stopAtMs);
		const end = await untilEnd(following.end, signal);
		return endOf(end, state, stopping.begun);
	} finally {
		signal?.removeEventListener('abort', cancel);
		stopping.over();
		following.stop();
	}
}

function submission(input: AttemptInput): Parameters<typeof submitSafely>[1] {
	const { graph, promptId, watch, number, claim, deadlineAt } = input;
	const extraData = ownJobData({ job_id: claim.jobId, deadline_at: deadlineAt });
	return {
		graph,
		clientId: watch.clientId,
		promptId,
		extraData,
		...(number === undefined ? {} : { number }),
	};
}

function hear({ claim, clock, onNews }: AttemptInput, news: PromptNews): void {
	if (news.type === 'running') claim.started(clock.nowMs());
	if (news.type === 'progress') claim.step(news.nodeId, news.value, news.max, clock.nowMs());
	onNews(news);
}

/** Interrupts our own prompt, again and again until it is over. */
class Stopping {
	begun = false;
	private ended = false;
	private readonly waiting = new AbortController();

	constructor(private readonly input: Pick<AttemptInput, 'server' | 'promptId' | 'clock'>) {}

	begin(): void {
		if (this.begun) return;
		this.begun = true;
		void this.repeat();
	}

	/** Begins by itself at that moment, unless it is over before. */
	beginAt(atMs: number | null): void {
		if (atMs === null) return;
		const { clock } = this.input;
		clock.sleep(Math.max(0, atMs - clock.nowMs()), this.waiting.signal).then(
			() => this.begin(),
			() => undefined,
		);
	}

	over(): void {
		this.ended = true;
		this.waiting.abort(new Error('over'));
	}

	private async repeat(): Promise<void> {
		const { server, promptId, clock } = this.input;
		for (let n = 0; n < STOP_REPEATS && !this.ended; n++) {
			await takeBack(server, [promptId]);
			await clock.sleep(STOP_REPEAT_MS, this.waiting.signal).catch(() => undefined);
		}
	}
}

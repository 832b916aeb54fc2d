/** Picks up a prompt that was submitted before: waits for its end, brings its outputs. Never submits anything. */
import { RouterError } from '../../lib/errors';
import type { SelectedDecision } from '../../lib/selection/types';
import { endOf } from './attempt-end';
import { AttemptLog } from './attempt-log';
import { deliver } from './deliver';
import { asRouterError, notWaitedFor } from './failures';
import { asSelected } from './going-lower';
import type { JobContext } from './job-context';
import type { GenerateResult, ResumeInput } from './types';
import { untilEnd } from './until-end';
import { usageStatusOf } from './usage-row';

export async function resumePrompt(
	context: JobContext,
	input: ResumeInput,
): Promise<GenerateResult> {
	const { deps, room, signal, options } = context;
	const { promptId, selection } = input;
	const jobId = input.jobId ?? selection?.job_id ?? promptId;
	const base: GenerateResult = {
		index: 0,
		job_id: jobId,
		status: 'failed',
		selection: selection ?? null,
		attempts: [],
		outputs: [],
		texts: [],
		degraded: selection?.decision === 'selected' && selection.degraded,
		on_time: null,
		reason: '',
		error: null,
		log_errors: [],
	};
	try {
		room.view.port(input.server);
		const following = context.watch(input.server).follow(promptId, (news) => {
			if (news.type === 'queued') return;
			const { value, max } = news.type === 'progress' ? news : { value: null, max: null };
			options.onProgress?.({
				index: 0,
				job_id: jobId,
				phase: 'running',
				server: input.server,
				prompt_id: promptId,
				value,
				max,
			});
		});
		following.submitted({ elsewhere: true });
		const heard = await untilEnd(following.end, signal).finally(() => following.stop());
		const end = endOf(heard, 'submitted', false);
		const known = end.state === 'lost' && heard.kind === 'lost' ? unknownPrompt(input) : end.error;
		const delivered =
			end.state === 'done' && end.entry
				? await deliver(context, { jobId }, 0, input.server, end.entry)
				: { outputs: [], texts: [], error: known };
		const endedMs = end.entry?.endedMs ?? deps.clock.nowMs();
		const done = delivered.error === null;
		if (selection?.decision === 'selected') {
			logResumed(context, base, selection, {
				promptId,
				end: { ...end, error: delivered.error },
				done,
				endedMs,
			});
		}
		const onTime = done && selection ? endedMs <= Date.parse(selection.deadline_at) : null;
		return {
			...base,
			status: done ? 'done' : 'failed',
			outputs: delivered.outputs,
			texts: delivered.texts,
			on_time: onTime,
			reason: delivered.error?.message ?? selection?.selection_reason ?? 'The prompt is done.',
			error: delivered.error,
		};
	} catch (error) {
		const failure = signal?.aborted ? notWaitedFor() : asRouterError(error);
		return { ...base, reason: failure.message, error: failure };
	}
}

interface Resumed {
	promptId: string;
	end: ReturnType<typeof endOf>;
	done: boolean;
	endedMs: number;
}

/** The same row as the process that submitted it would have written: whoever comes second changes nothing. */
function logResumed(
	context: JobContext,
	base: GenerateResult,
	selection: SelectedDecision,
	{ promptId, end, done, endedMs }: Resumed,
): void {
	const askedMs = Date.parse(selection.selected_at);
	const log = new AttemptLog(
		context,
		{ askedMs, deadlineMs: Date.parse(selection.deadline_at) },
		null,
	);
	base.log_errors = log.errors;
	base.attempts = log.records;
	log.add({
		way: asSelected(selection),
		promptId,
		submittedMs: askedMs,
		endedMs,
		end,
		status: done ? 'success' : usageStatusOf(end.state),
		slow: false,
		unbound: [],
	});
}

function unknownPrompt({ promptId, server }: ResumeInput): RouterError {
	return new RouterError({
		code: 'COMFYUI_PROMPT_UNKNOWN',
		message: `ComfyUI server "${server}" does not know the prompt ${promptId}.`,
		hint: 'It was restarted since, or its history was cleared. Run the job again.',
	});
}

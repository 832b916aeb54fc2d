/** Hands the outputs of a prompt to whoever takes them. Owns what makes a download worth another try. */
import { RouterError } from '../../lib/errors';
import type { HistoryEntry, OutputText } from '../../lib/ports';
import type { JobContext } from './job-context';
import type { GeneratedFile, GenerateServer } from './types';
import { asRouterError } from './failures';

const TRIES = 3;
const BETWEEN_TRIES_MS = 500;
const WORTH_ANOTHER = new Set(['COMFYUI_TIMEOUT', 'COMFYUI_UNREACHABLE', 'COMFYUI_SERVER_ERROR']);

export interface Delivered {
	outputs: GeneratedFile[];
	texts: OutputText[];
	/** Why the outputs are not where they should be; null: all is well. */
	error: RouterError | null;
}

/** @throws the signal's reason when cancelled */
export async function deliver(
	context: JobContext,
	job: { jobId: string },
	index: number,
	serverName: string,
	entry: HistoryEntry,
): Promise<Delivered> {
	const server = context.room.view.port(serverName);
	const outputs = outputsOf(server, entry);
	const { texts = [] } = entry;
	if (outputs.length + texts.length === 0) return { outputs, texts, error: nothingSaved() };
	for (const file of outputs) {
		const error = await handOver(context, file, { index, job_id: job.jobId });
		if (error !== null) return { outputs, texts, error };
	}
	return { outputs, texts, error: null };
}

export function outputsOf(server: GenerateServer, entry: HistoryEntry): GeneratedFile[] {
	return entry.outputs.map((file) => ({
		...file,
		server: server.name,
		open: (signal) => server.view(file, signal),
	}));
}

async function handOver(
	{ options, deps, signal }: JobContext,
	file: GeneratedFile,
	job: { index: number; job_id: string },
): Promise<RouterError | null> {
	if (!options.onOutput) return null;
	for (let tries = 1; ; tries++) {
		try {
			await options.onOutput(file, job);
			return null;
		} catch (error) {
			signal?.throwIfAborted();
			const failure = asRouterError(error);
			if (tries >= TRIES || !WORTH_ANOTHER.has(failure.code)) return failure;
			await deps.clock.sleep(BETWEEN_TRIES_MS, signal);
		}
	}
}

function nothingSaved(): RouterError {
	return new RouterError({
		code: 'COMFYUI_EXECUTION_FAILED',
		message: 'The workflow ran but saved nothing.',
		hint: 'Add a node that saves, such as Save Image.',
	});
}

/** What each recording needs before its request can be asked again, and which recordings are left out and why. */
import type { StandInOptions } from '../../simulator/comfyui';
import type { Environment } from './environment';
import { filesOf, recording } from './recordings';
import type { CompareOptions } from './shape';

export interface ContractCase {
	options?: StandInOptions;
	/** Brings the server into the recorded state. */
	before?(environment: Environment): Promise<unknown>;
	/** Where the recording did not keep the body. */
	body?: string | Buffer;
	compare?: CompareOptions;
}

export const NOT_COVERED: Readonly<Record<string, string>> = {
	graph_flux_history:
		'the recorded server had empty model files and failed in its VAE loader; the graph itself runs here',
	graph_qwen_history: 'as graph_flux_history',
	graph_zimage_history: 'as graph_flux_history',
	sim_oom_node_history:
		"the OOM of a node of the recorded server's own; sim_oom_ksampler_history has the same shape",
	sim_oom_node_prompt: 'as sim_oom_node_history',
};

const PNG_HEAD = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const slow: StandInOptions = { speedUp: 1 };
const old: StandInOptions = { version: '0.3.64' };
const gpu: StandInOptions = { deviceType: 'cuda', gpu: { vramTotalBytes: 4294967296 } };

/** The tuples of a recorded `/queue`: running first, then pending in the order of their submission. */
function queued(name: string): unknown[][] {
	const body = recording(name).body as { queue_running: unknown[][]; queue_pending: unknown[][] };
	const stamp = (tuple: unknown[]): number => (tuple[3] as { create_time: number }).create_time;
	return [...body.queue_running, ...body.queue_pending.sort((a, b) => stamp(a) - stamp(b))];
}

/** The tuples of a recorded `/history`. */
function ended(name: string): unknown[][] {
	const entries = Object.values(recording(name).body as Record<string, { prompt: unknown[] }>);
	return entries.map((entry) => entry.prompt);
}

async function queueUp(environment: Environment, name: string): Promise<void> {
	const [running, ...pending] = queued(name);
	await environment.submitTuple(running);
	await environment.untilRunning(String(running?.[1]));
	for (const tuple of pending) await environment.submitTuple(tuple);
}

async function runAll(environment: Environment, tuples: unknown[][]): Promise<void> {
	for (const tuple of tuples) {
		await environment.submitTuple(tuple);
		await environment.untilIdle();
	}
}

const runHistory = (name: string) => (environment: Environment) => runAll(environment, ended(name));

/** Runs what was recorded as running, so that a job of that state exists. */
const busy: ContractCase = {
	options: slow,
	before: (environment) => queueUp(environment, 'get_queue_busy'),
};

async function brokenImage(environment: Environment): Promise<void> {
	await environment.upload('bad.png', Buffer.from('not a picture'));
}

async function interruptedJob(environment: Environment): Promise<void> {
	const [tuple] = ended('history_interrupted');
	await environment.submitTuple(tuple);
	await environment.untilSampling();
	await environment.post('/interrupt', { prompt_id: tuple?.[1] });
	await environment.untilIdle();
}

async function savedImage(environment: Environment): Promise<void> {
	await environment.post('/prompt', recording('prompt_ok_client_prompt_id').request.body);
	await environment.untilIdle();
}

async function failedJob(environment: Environment): Promise<void> {
	await brokenImage(environment);
	await runAll(environment, ended('history_error'));
}

function form(fields: Record<string, string>, file?: { name: string; bytes: Buffer }): Buffer {
	const mark = '--xxBOUNDxx\r\nContent-Disposition: form-data; name=';
	const parts: Buffer[] = Object.entries(fields).map(([name, value]) =>
		Buffer.from(`${mark}"${name}"\r\n\r\n${value}\r\n`),
	);
	if (file) {
		parts.push(
			Buffer.from(`${mark}"image"; filename="${file.name}"\r\nContent-Type: image/png\r\n\r\n`),
		);
		parts.push(file.bytes, Buffer.from('\r\n'));
	}
	return Buffer.concat([...parts, Buffer.from('--xxBOUNDxx--\r\n')]);
}

const onePng = Buffer.concat([PNG_HEAD, Buffer.from('one')]);
const otherPng = Buffer.concat([PNG_HEAD, Buffer.from('other')]);
const uploaded: ContractCase['before'] = (environment) =>
	environment.upload('a.png', onePng, { subfolder: 'sub' });

const uploads: Record<string, ContractCase> = {
	upload_ok: { body: form({ subfolder: 'sub' }, { name: 'a.png', bytes: onePng }) },
	upload_duplicate_same: {
		before: uploaded,
		body: form({ subfolder: 'sub' }, { name: 'a.png', bytes: onePng }),
	},
	upload_duplicate_differs: {
		before: uploaded,
		body: form({ subfolder: 'sub' }, { name: 'a.png', bytes: otherPng }),
	},
	upload_overwrite: {
		before: uploaded,
		body: form({ subfolder: 'sub', overwrite: 'true' }, { name: 'a.png', bytes: otherPng }),
	},
	upload_escape: { body: form({ subfolder: '../..' }, { name: 'a.png', bytes: onePng }) },
	upload_no_image: { body: form({ subfolder: '' }) },
	upload_broken_png: { body: form({}, { name: 'bad.png', bytes: Buffer.from('not a picture') }) },
};

const jobs: Record<string, ContractCase> = {
	get_jobs: {
		before: async (environment) => {
			await runHistory('history_partially_valid')(environment);
			await runHistory('history_max_items_2')(environment);
		},
		compare: { anyValue: ['has_more'] },
	},
	get_jobs_busy: {
		options: slow,
		before: async (environment) => {
			await failedJob(environment);
			await runHistory('history_offset')(environment);
			await queueUp(environment, 'get_queue_busy');
		},
	},
	get_jobs_failed: {
		options: { speedUp: 20 },
		before: async (environment) => {
			await failedJob(environment);
			await interruptedJob(environment);
		},
	},
	job_pending: busy,
	job_in_progress: busy,
	job_completed: {
		before: async (environment) => {
			const body = recording('job_completed').body as Record<string, unknown>;
			const { prompt, extra_data } = body['workflow'] as Record<string, unknown>;
			await runAll(environment, [[body['priority'], body['id'], prompt, extra_data]]);
		},
	},
	job_error: { before: failedJob },
	job_interrupted: { options: { speedUp: 20 }, before: interruptedJob },
};

const histories: Record<string, ContractCase> = {
	history_success: { before: runHistory('history_success') },
	history_partially_valid: { before: runHistory('history_partially_valid') },
	history_max_items_2: { before: runHistory('history_max_items_2') },
	history_offset: { before: runHistory('history_offset') },
	history_error: { before: failedJob },
	history_interrupted: { options: { speedUp: 20 }, before: interruptedJob },
	history_running_is_empty: busy,
	history_cached_with_client_id: {
		before: async (environment) => {
			await savedImage(environment);
			await runHistory('history_cached_with_client_id')(environment);
		},
	},
	history_cached_no_client_id: {
		before: async (environment) => {
			await savedImage(environment);
			await runHistory('history_cached_no_client_id')(environment);
		},
	},
	history_cpu_alloc_failure: {
		before: async (environment) => {
			const [tuple] = ended('history_cpu_alloc_failure');
			const message = "DefaultCPUAllocator: can't allocate memory";
			// The recorded run had the checkpoint and both texts cached from the run before.
			const [number, , graph, extra] = structuredClone(tuple) as [number, string, never, unknown];
			const smaller = structuredClone(graph) as Record<string, { inputs: Record<string, unknown> }>;
			Object.assign(smaller['5']?.inputs ?? {}, { width: 64, height: 64, batch_size: 1 });
			await runAll(environment, [[number, 'before', smaller, extra]]);
			environment.standIn.faults.failNext({ exceptionType: 'RuntimeError', message });
			await runAll(environment, [tuple as unknown[]]);
		},
	},
	sim_oom_ksampler_history: {
		options: gpu,
		before: (environment) => {
			environment.standIn.faults.oomNext('sampling');
			return runHistory('sim_oom_ksampler_history')(environment);
		},
	},
	'v0.3.64_history_success': { options: old, before: runHistory('v0.3.64_history_success') },
};

const views: Record<string, ContractCase> = {
	view_png: { before: savedImage },
	view_preview_jpeg: { before: savedImage },
	view_preview_webp: { before: savedImage },
	view_rgb: { before: savedImage },
	get_internal_files_output: { before: savedImage },
};

const queues: Record<string, ContractCase> = {
	get_queue_busy: busy,
	get_prompt_busy: busy,
	get_queue_after_clear: { options: slow, before: (e) => queueUp(e, 'get_queue_after_clear') },
	queue_clear: busy,
	queue_delete_pending: busy,
	queue_delete_running: busy,
	interrupt_right_id: busy,
	interrupt_wrong_id: busy,
	free_while_running: busy,
	queue_after_dup: {
		options: slow,
		before: (e) => queueUp(e, 'queue_after_dup').catch(() => undefined),
	},
};

const prompts: Record<string, ContractCase> = {
	prompt_bad_malformed_json: { body: '{"prompt": ' },
	prompt_bad_text_plain_content_type: { body: '{}' },
	prompt_runtime_error: { before: brokenImage },
	prompt_id_reused: { before: savedImage },
	prompt_same_number_and_id_2: {
		options: slow,
		before: async (environment) => {
			const [running] = queued('queue_after_dup');
			await environment.submitTuple(running);
			await environment.untilRunning(String(running?.[1]));
			await environment.post('/prompt', recording('prompt_same_number_and_id_1').request.body);
		},
	},
	big_body_over_limit: { body: Buffer.alloc(104857601, 0x20) },
	sim_oom_ksampler_prompt: { options: gpu },
};

const stats: Record<string, ContractCase> = {
	sim_system_stats_idle: { options: gpu },
	sim_system_stats_mini_loaded: { options: gpu, before: runHistory('history_interrupted') },
	sim_system_stats_vega_loaded: { options: gpu, before: runHistory('history_interrupted') },
	sim_system_stats_other_process: {
		options: gpu,
		before: (environment) => Promise.resolve(environment.standIn.gpu.setCoTenantBytes(2e9)),
	},
	'v0.3.64_system_stats': { options: { ...old, deviceType: 'cpu' } },
	'v0.3.64_features': { options: old },
	'v0.3.64_jobs': { options: old },
	'v0.3.64_prompt': { options: old },
	'v0.3.64_queue': { options: old },
	'v0.3.64_models_checkpoints': { options: old },
};

const graphs: Record<string, ContractCase> = Object.fromEntries(
	['graph_flux_prompt', 'graph_qwen_prompt', 'graph_zimage_prompt'].map((name) => [
		name,
		{ options: { installed: filesOf(promptOf(name)) } },
	]),
);

function promptOf(name: string): Parameters<typeof filesOf>[0] {
	return (recording(name).request.body as { prompt: Parameters<typeof filesOf>[0] }).prompt;
}

/** Recordings that are not named here need nothing. */
export const CASES: Readonly<Record<string, ContractCase>> = {
	...uploads,
	...jobs,
	...histories,
	...views,
	...queues,
	...prompts,
	...stats,
	...graphs,
};

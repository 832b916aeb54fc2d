/** From `/history` to HistoryEntry: how a prompt ended, when, with which files. Keeps no traceback and no tensor dump. */
import type { ExecutionFailure, HistoryEntry, OutputFile, OutputText } from '../../lib/ports';
import { storableText } from '../../lib/storable-text';
import { cleanText, isPlainName } from '../../lib/text';
import { idText, plainObject, promptOf } from './parse';
import * as schemas from './schemas';

/** Long enough for the text by which failures are told apart, short enough for a log row. */
const MAX_FAILURE_TEXT = 2000;
const MAX_OUTPUT_FILES = 10_000;
const MAX_OUTPUT_TEXTS = 1_000;
/** More than any graph has. */
const MAX_CACHED_NODES = 10_000;
/** Of one text, in UTF-16 units; what a node shows is a caption or an answer, not a book. */
const MAX_TEXT = 100_000;
/** Keys under which nodes show text: ComfyUI's own, and those of common custom nodes. */
const TEXT_KINDS = new Set(['text', 'texts', 'string']);

/**
 * Entries in the order in which they ended: a JSON object with number-like keys does not keep the server's order.
 * null where the answer is not a history.
 */
export function parseHistory(json: unknown): HistoryEntry[] | null {
	const parsed = schemas.historySchema.safeParse(json);
	if (!parsed.success) return null;
	const entries = Object.entries(parsed.data).flatMap(([id, raw]) => parseEntry(id, raw));
	if (entries.every((entry) => entry.endedMs !== null)) {
		entries.sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0));
	}
	return entries;
}

function parseEntry(id: string, raw: unknown): HistoryEntry[] {
	const parsed = schemas.historyEntrySchema.safeParse(raw);
	if (!parsed.success) return [];
	const { prompt, outputs, status } = parsed.data;
	const item = promptOf(prompt);
	const messages = (status?.messages ?? []).flatMap(parseMessage);
	const texts = parseTexts(outputs);
	const end = ended(messages, status?.status_str ?? null, Object.keys(outputs).length > 0);
	return [
		{
			promptId: cleanText(id, 200),
			number: typeof prompt[0] === 'number' ? prompt[0] : null,
			graph: item.graph,
			status: end.status,
			failure: end.failure,
			cachedNodes: cachedNodes(messages),
			createTimeMs: item.createTimeMs,
			startedMs: stampOf(messages, 'execution_start'),
			endedMs: end.endedMs,
			outputs: parseOutputs(outputs),
			...(texts.length > 0 ? { texts } : {}),
			extraData: item.extraData,
		},
	];
}

interface Message {
	event: string;
	data: Record<string, unknown>;
	timestampMs: number | null;
}

function parseMessage(json: unknown): Message[] {
	const parsed = schemas.messageSchema.safeParse(json);
	if (!parsed.success) return [];
	const [event, data] = parsed.data;
	return [{ event, data, timestampMs: data.timestamp ?? null }];
}

function stampOf(messages: Message[], event: string): number | null {
	return messages.find((message) => message.event === event)?.timestampMs ?? null;
}

function cachedNodes(messages: Message[]): string[] | null {
	const nodes = messages.find((message) => message.event === 'execution_cached')?.data['nodes'];
	return Array.isArray(nodes) ? nodes.slice(0, MAX_CACHED_NODES).map(idText) : null;
}

/** "error" is also what an interrupted prompt is called; only the messages tell. */
function ended(
	messages: Message[],
	statusText: string | null,
	hasOutputs: boolean,
): { status: HistoryEntry['status']; failure: ExecutionFailure | null; endedMs: number | null } {
	const find = (event: string) => messages.findLast((message) => message.event === event);
	const error = find('execution_error');
	if (error)
		return { status: 'error', failure: parseFailure(error.data), endedMs: error.timestampMs };
	const interrupted = find('execution_interrupted');
	if (interrupted)
		return { status: 'interrupted', failure: null, endedMs: interrupted.timestampMs };
	const endedMs = find('execution_success')?.timestampMs ?? null;
	if (statusText === 'success' || (statusText === null && hasOutputs)) {
		return { status: 'success', failure: null, endedMs };
	}
	const failure = {
		nodeId: null,
		nodeType: null,
		exceptionType: null,
		message: 'The server gave no reason.',
	};
	return { status: 'error', failure, endedMs };
}

export function parseFailure(json: unknown): ExecutionFailure {
	const parsed = schemas.executionErrorSchema.safeParse(json);
	const data = parsed.success ? parsed.data : null;
	const short = (value: string | null | undefined) => (value ? cleanText(value, 200) : null);
	return {
		nodeId: short(data?.node_id),
		nodeType: short(data?.node_type),
		exceptionType: short(data?.exception_type),
		message: cleanText(data?.exception_message ?? '', MAX_FAILURE_TEXT),
	};
}

/** Files of any kind (images, gifs, audio, video, 3d, ...); whatever names a file in an output counts. */
export function parseOutputs(outputs: Record<string, unknown>): OutputFile[] {
	const files: OutputFile[] = [];
	for (const [nodeId, output] of Object.entries(outputs)) {
		for (const [kind, list] of Object.entries(plainObject(output))) {
			if (!Array.isArray(list)) continue;
			for (const item of list) {
				const file = parseOutputFile(nodeId, kind, item);
				if (file && files.length < MAX_OUTPUT_FILES) files.push(file);
			}
		}
	}
	return files;
}

/** Texts that nodes show, such as captions and answers of language models. */
function parseTexts(outputs: Record<string, unknown>): OutputText[] {
	const texts = Object.entries(outputs).flatMap(([nodeId, output]) =>
		Object.entries(plainObject(output)).flatMap(([kind, list]) => {
			const shown = TEXT_KINDS.has(kind) && Array.isArray(list) ? list : [];
			return shown.flatMap((text): OutputText[] =>
				typeof text === 'string' && text !== ''
					? [{ nodeId: cleanText(nodeId, 200), text: storableText(text.slice(0, MAX_TEXT)) }]
					: [],
			);
		}),
	);
	return texts.slice(0, MAX_OUTPUT_TEXTS);
}

function parseOutputFile(nodeId: string, kind: string, json: unknown): OutputFile | null {
	const { filename, subfolder, type } = plainObject(json);
	if (!isPlainName(filename)) return null;
	return {
		nodeId: cleanText(nodeId, 200),
		kind: cleanText(kind, 50),
		filename,
		subfolder: isPlainName(subfolder) ? subfolder : '',
		type: type === 'temp' || type === 'input' ? type : 'output',
	};
}

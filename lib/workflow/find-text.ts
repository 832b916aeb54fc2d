/** Finds the texts: from the sampler's positive and negative conditioning back to the encoders' text inputs. */
import {
	type ApiGraph,
	type GraphNode,
	inputOf,
	isLink,
	type Link,
	linkOf,
	linksOf,
	nodeOf,
} from './graph';
import type { InputRef } from './input-ref';
import { sourceOf } from './walk';

export interface TextBinding extends InputRef {
	/** The encoder that uses the text; its `clip` leads to the text encoder files. */
	encoderId: string;
}

type Side = 'positive' | 'negative';

/** Text inputs of ComfyUI's encoders (SD, SDXL, SD3, Flux, HiDream, Lumina2, HunyuanDiT, Kandinsky, Qwen edit) and of common custom ones. */
const TEXT_INPUTS = [
	'text',
	'prompt',
	'text_g',
	'text_l',
	'clip_l',
	'clip_g',
	't5xxl',
	'llama',
	'bert',
	'mt5xl',
	'qwen25_7b',
	'user_prompt',
	'populated_text',
	'wildcard_text',
];

/** Nodes whose conditioning holds no text of its own. */
const EMPTY_CONDITIONING = /ZeroOut/i;

export function findTexts(
	graph: ApiGraph,
	sampler: string,
): { positive: TextBinding[]; negative: TextBinding[] } {
	const positive = collect(graph, start(graph, sampler, 'positive'), 'positive');
	const taken = new Set(positive.map((ref) => `${ref.nodeId}\n${ref.input}`));
	const negative = collect(graph, start(graph, sampler, 'negative'), 'negative').filter(
		// one encoder for both sides holds the positive text
		(ref) => !taken.has(`${ref.nodeId}\n${ref.input}`),
	);
	return { positive, negative };
}

function start(graph: ApiGraph, sampler: string, side: Side): Link | null {
	const node = nodeOf(graph, sampler);
	if (!node) return null;
	const guider = linkOf(node, 'guider');
	const holder = guider ? nodeOf(graph, guider[0]) : node;
	return holder ? sideLink(holder, side) : null;
}

/** BasicGuider and alike have one conditioning, which is the positive one; DualCFGGuider has cond1 and cond2. */
function sideLink(node: GraphNode, side: Side): Link | null {
	const names =
		side === 'positive'
			? ['positive', 'conditioning', 'cond1', 'cond']
			: ['negative', 'neg_conditioning'];
	for (const name of names) {
		const link = linkOf(node, name);
		if (link) return link;
	}
	return null;
}

function collect(graph: ApiGraph, first: Link | null, side: Side): TextBinding[] {
	const found: TextBinding[] = [];
	const seen = new Set<string>();
	const visit = (link: Link | null): void => {
		const id = link === null ? '' : String(link[0]);
		const node = link === null || seen.has(id) ? undefined : nodeOf(graph, id);
		if (!node || link === null) return;
		seen.add(id);
		if (EMPTY_CONDITIONING.test(node.class_type)) return;
		const texts = textInputs(node, side);
		if (texts.length > 0) {
			found.push(...texts.map((input) => textPlace(graph, id, input)));
			return;
		}
		for (const next of conditioningLinks(node, link, side)) visit(next);
	};
	visit(first);
	return found;
}

/** An encoder takes a clip (or loads one) and a text; a loader with both texts in it names them by side. */
function textInputs(node: GraphNode, side: Side): string[] {
	const isText = (name: string) => {
		const value = inputOf(node, name);
		return typeof value === 'string' || isLink(value);
	};
	const inputs = TEXT_INPUTS.filter(isText);
	const encodes = linkOf(node, 'clip') !== null || /encode|prompt/i.test(node.class_type);
	if (inputs.length > 0 && encodes) return inputs;
	return typeof inputOf(node, side) === 'string' ? [side] : [];
}

/** A computed text is replaced where the encoder uses it. */
function textPlace(graph: ApiGraph, encoderId: string, input: string): TextBinding {
	return {
		...(sourceOf(graph, encoderId, input, 'string') ?? { nodeId: encoderId, input }),
		encoderId,
	};
}

/** Nodes with both sides give the positive at output 0 and the negative at output 1. */
function conditioningLinks(node: GraphNode, link: Link, side: Side): Link[] {
	const positive = linkOf(node, 'positive');
	const negative = linkOf(node, 'negative');
	if (positive || negative) {
		const wanted =
			positive && negative
				? link[1] === 1
					? negative
					: positive
				: side === 'positive'
					? positive
					: negative;
		return wanted ? [wanted] : [];
	}
	return linksOf(node)
		.filter(([name]) => /^(cond|conditioning)/i.test(name))
		.map(([, next]) => next);
}

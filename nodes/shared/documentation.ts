/**
 * Where n8n's Docs link of a node leads. n8n appends its own query to an address of the codex file, behind the anchor, which then leads
 * nowhere; the address of the description it leaves as it is.
 */
const REFERENCE =
	'https://github.com/n8n-nodes-comfyui-router/n8n-nodes-comfyui-router/blob/main/docs/nodes.md';

/** @param section anchor of the node in docs/nodes.md */
export function nodeDocumentation(section: string): string {
	return `${REFERENCE}#${section}`;
}

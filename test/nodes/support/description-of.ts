/** What a node of ours shows, also as the tool that n8n makes of it. */
import type { INode, INodeProperties, INodeTypeDescription } from 'n8n-workflow';

import { OUR_NODES } from './harness';

/** n8n makes a second node of each that an agent can use as a tool: the same fields, and what the agent is told of it. */
const toolFields = ['descriptionType', 'toolDescription'].map(
	(name) => ({ name, type: 'string' }) as INodeProperties,
);
export const descriptionOf = ({ type }: INode): INodeTypeDescription | undefined => {
	const asTool = OUR_NODES[type.replace(/Tool$/, '')]?.description;
	if (OUR_NODES[type] || !asTool?.usableAsTool) return OUR_NODES[type]?.description;
	return { ...asTool, properties: [...asTool.properties, ...toolFields] };
};

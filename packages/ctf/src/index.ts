export type * from './model.ts';
export { parseTsdl, readMetadata, type MetadataOptions } from './metadata.ts';
export { metadataPacketByteOrder, unwrapMetadata, type MetadataText } from './metadata-packets.ts';

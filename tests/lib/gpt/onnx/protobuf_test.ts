import { assertEquals } from "@std/assert";
import { Message } from "../../../../pipeline/lib/gpt/onnx/protobuf.ts";

const hex = (message: Message) =>
  [...message.finish()].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

// The examples of https://protobuf.dev/programming-guides/encoding/, and the edges beside them.
Deno.test("a varint field", () => assertEquals(hex(new Message().int(1, 150)), "08 96 01"));

Deno.test("a string field", () => {
  assertEquals(hex(new Message().string(2, "testing")), "12 07 74 65 73 74 69 6e 67");
});

Deno.test("an embedded message", () => {
  assertEquals(hex(new Message().message(3, new Message().int(1, 150))), "1a 03 08 96 01");
});

Deno.test("a negative integer takes ten bytes", () => {
  assertEquals(hex(new Message().int(1, -2)), "08 fe ff ff ff ff ff ff ff ff 01");
});

Deno.test("integers beyond 2^32 and field numbers beyond 15", () => {
  assertEquals(hex(new Message().int(20, 2 ** 35)), "a0 01 80 80 80 80 80 01");
});

Deno.test("a float is four bytes, little-endian", () => {
  assertEquals(hex(new Message().float(2, 1)), "15 00 00 80 3f");
});

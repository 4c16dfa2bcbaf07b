/** OpenAI Chat Completions, and every endpoint that is compatible with it: its codec and its failures. */
@NullMarked
package dev.signalbox.workers.vendor.openai;

import org.jspecify.annotations.NullMarked;

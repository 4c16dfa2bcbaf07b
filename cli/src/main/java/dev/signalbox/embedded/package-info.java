/**
 * The embedded stack: a KRaft broker and a schema registry inside this process, with their data in one locked folder.
 * {@link dev.signalbox.embedded.EmbeddedStack} starts both; the classes named {@code Registry*} are the registry, with
 * {@link dev.signalbox.embedded.RegistryState} as its pure model.
 */
@NullMarked
package dev.signalbox.embedded;

import org.jspecify.annotations.NullMarked;

/**
 * The guarantees as objects that watch a run: they are told what was sent, published, shown, committed and printed, and say
 * what of it breaks them. Any test, of one process or of a fleet that is being killed, can have them watch.
 */
@NullMarked
package dev.signalbox.system.guarantee;

import org.jspecify.annotations.NullMarked;

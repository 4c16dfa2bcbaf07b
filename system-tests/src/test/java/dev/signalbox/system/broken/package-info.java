/** The third test tier: each guarantee's mechanism switched off, and the test that turns red for it. */
@NullMarked
package dev.signalbox.system.broken;

import org.jspecify.annotations.NullMarked;

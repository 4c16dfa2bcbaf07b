/** The data plane: a request goes through intake, scheduler, router, vendor and reply, as {@code RequestFlow} lists them. */
@NullMarked
package dev.signalbox.workers;

import org.jspecify.annotations.NullMarked;

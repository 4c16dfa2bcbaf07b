package dev.signalbox.system.processes;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * A process whose wall clock is wrong, for K16: a Java agent by which each question for the time of day, of the project's classes and
 * of Kafka's, is answered as a machine with such a clock would. What ships needs no seam for that; monotonic time is as it is.
 */
public final class SkewedClock implements ClassFileTransformer {
    private static final ClassDesc SKEWED = ClassDesc.of(SkewedClock.class.getName());
    private static final Map<String, String> ASKED = Map.of("java/lang/System.currentTimeMillis()J", "millis",
            "java/time/Instant.now()Ljava/time/Instant;", "instant",
            "java/time/LocalDate.now(Ljava/time/ZoneId;)Ljava/time/LocalDate;", "date");
    private static volatile long skewMillis;

    private SkewedClock() {
    }

    /** The options of a JVM whose clock is that far ahead; behind, if negative. */
    static String jvmOption(Path folder, Duration ahead) throws IOException {
        Path jar = folder.resolve("skewed-clock.jar");
        if (!Files.exists(jar)) {
            Manifest manifest = new Manifest();
            manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
            manifest.getMainAttributes().putValue("Premain-Class", SkewedClock.class.getName());
            try (OutputStream file = Files.newOutputStream(jar);
                    JarOutputStream _ = new JarOutputStream(file, manifest)) {
                // Nothing but the manifest: the class itself is on the class path.
            }
        }
        return "-javaagent:" + jar + "=" + ahead.toMillis();
    }

    /** Called by the JVM before {@code main}. */
    public static void premain(String argument, Instrumentation jvm) {
        skewMillis = Long.parseLong(argument);
        jvm.addTransformer(new SkewedClock());
        System.out.println("this process's wall clock is " + Duration.ofMillis(skewMillis) + " ahead");
    }

    public static long millis() {
        return System.currentTimeMillis() + skewMillis;
    }

    public static Instant instant() {
        return Instant.now().plusMillis(skewMillis);
    }

    public static LocalDate date(ZoneId zone) {
        return LocalDate.ofInstant(instant(), zone);
    }

    @Override
    public byte @Nullable [] transform(@Nullable ClassLoader loader, String name, @Nullable Class<?> redefined,
            ProtectionDomain domain, byte[] compiled) {
        boolean ours = name.startsWith("dev/signalbox/") || name.startsWith("org/apache/kafka/");
        if (!ours || name.equals(SkewedClock.class.getName().replace('.', '/')) || !mayAsk(compiled)) {
            return null;
        }
        try {
            ClassLoader world = loader == null ? ClassLoader.getSystemClassLoader() : loader;
            ClassFile format = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
                    ClassHierarchyResolver.ofResourceParsing(world).orElse(ClassHierarchyResolver.defaultResolver())));
            return format.transformClass(format.parse(compiled),
                    ClassTransform.transformingMethodBodies(SkewedClock::skewed));
        } catch (RuntimeException e) {
            // The JVM would go on with the right clock and say nothing.
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
            throw e;
        }
    }

    /** By the names in its constants: most classes need no closer look, which would take seconds for all of them. */
    private static boolean mayAsk(byte[] compiled) {
        String constants = new String(compiled, StandardCharsets.ISO_8859_1);
        return constants.contains("currentTimeMillis") || constants.contains("java/time/Instant")
                || constants.contains("java/time/LocalDate");
    }

    private static void skewed(CodeBuilder code, CodeElement element) {
        switch (element) {
            case InvokeInstruction call when call.opcode() == Opcode.INVOKESTATIC -> {
                String instead = ASKED.get(call.owner().asInternalName() + "." + call.name().stringValue()
                        + call.type().stringValue());
                if (instead == null) {
                    code.with(call);
                } else {
                    code.invokestatic(SKEWED, instead, call.typeSymbol());
                }
            }
            case InvokeDynamicInstruction call -> code.invokedynamic(DynamicCallSiteDesc.of(call.bootstrapMethod(),
                    call.name().stringValue(), call.typeSymbol(), call.bootstrapArgs().stream()
                            .map(SkewedClock::skewed).toArray(ConstantDesc[]::new)));
            default -> code.with(element);
        }
    }

    /** Method references too. */
    private static ConstantDesc skewed(ConstantDesc argument) {
        if (argument instanceof DirectMethodHandleDesc handle && handle.kind() == DirectMethodHandleDesc.Kind.STATIC) {
            String owner = handle.owner().descriptorString();
            String instead = ASKED.get(owner.substring(1, owner.length() - 1) + "." + handle.methodName()
                    + handle.lookupDescriptor());
            if (instead != null) {
                return MethodHandleDesc.ofMethod(DirectMethodHandleDesc.Kind.STATIC, SKEWED, instead,
                        handle.invocationType());
            }
        }
        return argument;
    }
}

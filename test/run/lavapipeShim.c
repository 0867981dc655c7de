// Stands in for Chromium's libvk_swiftshader.so: hands every call to the driver that FLEXLENS_LAVAPIPE names, and reports
// the vendor and device that Chromium's WebGPU wants of its software adapter (0x1AE0, 0xC0DE), for it takes no other.
// Built and used by lavapipeChromium.mjs; for measurements in a browser alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*Function)(void);
typedef Function (*GetInstanceProc)(void *instance, const char *name);

// The heads of VkPhysicalDeviceProperties and VkPhysicalDeviceProperties2, up to the device's id.
typedef struct {
  uint32_t api_version, driver_version, vendor, device;
} Properties;
typedef struct {
  uint32_t type, padding;
  void *next;
  Properties properties;
} Properties2;
typedef void (*GetProperties)(void *device, Properties *out);
typedef void (*GetProperties2)(void *device, Properties2 *out);

static void *library;
static GetInstanceProc get_instance_proc;
static GetProperties get_properties;
static GetProperties2 get_properties2;

static void load(void) {
  if (library) return;
  const char *path = getenv("FLEXLENS_LAVAPIPE");
  library = dlopen(path ? path : "", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "lavapipe: %s\n", dlerror());
    abort();
  }
  int32_t (*negotiate)(uint32_t *) = dlsym(library, "vk_icdNegotiateLoaderICDInterfaceVersion");
  uint32_t version = 5;
  if (negotiate) negotiate(&version);
  get_instance_proc = (GetInstanceProc)dlsym(library, "vk_icdGetInstanceProcAddr");
}

static void rename_device(Properties *p) {
  p->vendor = 0x1AE0;
  p->device = 0xC0DE;
}

static void renamed_properties(void *device, Properties *out) {
  get_properties(device, out);
  rename_device(out);
}

static void renamed_properties2(void *device, Properties2 *out) {
  get_properties2(device, out);
  rename_device(&out->properties);
}

#define EXPORT __attribute__((visibility("default")))

EXPORT Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  load();
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (Function)vk_icdGetInstanceProcAddr;
  Function found = get_instance_proc(instance, name);
  if (!found) return NULL;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties")) {
    get_properties = (GetProperties)found;
    return (Function)renamed_properties;
  }
  if (!strcmp(name, "vkGetPhysicalDeviceProperties2") || !strcmp(name, "vkGetPhysicalDeviceProperties2KHR")) {
    get_properties2 = (GetProperties2)found;
    return (Function)renamed_properties2;
  }
  return found;
}

EXPORT Function vkGetInstanceProcAddr(void *instance, const char *name) { return vk_icdGetInstanceProcAddr(instance, name); }

EXPORT int32_t vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  load();
  int32_t (*negotiate)(uint32_t *) = dlsym(library, "vk_icdNegotiateLoaderICDInterfaceVersion");
  return negotiate ? negotiate(version) : 0;
}

EXPORT Function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
  load();
  GetInstanceProc get = (GetInstanceProc)dlsym(library, "vk_icdGetPhysicalDeviceProcAddr");
  return get ? get(instance, name) : NULL;
}

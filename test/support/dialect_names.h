// For tests whose parameter is a dialect.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "source/catalog/dialect.h"

namespace omni::test {

inline std::string dialect_test_name(const testing::TestParamInfo<Dialect>& of) {
  std::string name(omni::name_of(of.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace omni::test
